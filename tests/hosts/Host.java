// Host.java - every way a Java program has to wait: monitors, java.util.concurrent, parked, virtual and daemon threads,
// processes, sockets, timers. Prints only what does not depend on who was faster. Run by java.sh.
import java.io.*;
import java.net.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.concurrent.locks.*;

public class Host {
	static final Object MONITOR = new Object();
	static long counter;

	static synchronized void countedInMonitor() { counter++; }

	static void all(int n, Runnable work) throws Exception {
		Thread[] threads = new Thread[n];
		for (int i = 0; i < n; i++) (threads[i] = new Thread(work, "host-" + i)).start();
		for (Thread t : threads) t.join();
	}

	public static void main(String[] args) throws Exception {
		all(4, () -> { for (int i = 0; i < 200000; i++) countedInMonitor(); });
		System.out.println("monitor " + counter);

		int[] turn = {0};
		all(4, () -> {
			int me = Integer.parseInt(Thread.currentThread().getName().substring(5));
			for (int i = 0; i < 500; i++)
				synchronized (MONITOR) {
					while (turn[0] % 4 != me) try { MONITOR.wait(); } catch (InterruptedException e) { throw new Error(e); }
					turn[0]++;
					MONITOR.notifyAll();
				}
		});
		System.out.println("turns " + turn[0]);

		ReentrantLock lock = new ReentrantLock(true);
		Condition even = lock.newCondition();
		long[] sum = {0};
		all(4, () -> { for (int i = 0; i < 2000; i++) { lock.lock(); try { sum[0] += i; even.signal(); } finally { lock.unlock(); } } });
		System.out.println("lock " + sum[0]);

		BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(8);
		ExecutorService pool = Executors.newFixedThreadPool(4);
		List<Future<Long>> takers = new ArrayList<>();
		for (int t = 0; t < 3; t++)
			takers.add(pool.submit(() -> { long s = 0; for (int v; (v = queue.take()) >= 0;) s += v; return s; }));
		for (int i = 0; i < 20000; i++) queue.put(i);
		for (int i = 0; i < 3; i++) queue.put(-1);
		long taken = 0;
		for (Future<Long> f : takers) taken += f.get();
		System.out.println("queue " + taken);
		pool.shutdown();
		System.out.println("pool " + pool.awaitTermination(20, TimeUnit.SECONDS));

		CyclicBarrier barrier = new CyclicBarrier(3);
		Semaphore permits = new Semaphore(2);
		AtomicInteger met = new AtomicInteger();
		all(3, () -> { try { for (int i = 0; i < 200; i++) { permits.acquire(); permits.release(); if (barrier.await() == 0) met.incrementAndGet(); } } catch (Exception e) { throw new Error(e); } });
		System.out.println("barrier " + met);
		System.out.println("fork-join " + java.util.stream.IntStream.range(0, 2000000).parallel().mapToLong(i -> i % 7).sum());

		Thread sleeper = new Thread(() -> { try { Thread.sleep(100000); } catch (InterruptedException e) { System.out.println("interrupted " + Thread.currentThread().isInterrupted()); } });
		sleeper.start();
		sleeper.interrupt();
		sleeper.join();
		try { synchronized (MONITOR) { MONITOR.wait(20); } System.out.println("timed wait over"); } catch (InterruptedException e) { System.out.println("?"); }
		ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
		CountDownLatch ticks = new CountDownLatch(10);
		timer.scheduleAtFixedRate(ticks::countDown, 1, 2, TimeUnit.MILLISECONDS);
		ticks.await();
		timer.shutdownNow();
		System.out.println("timer " + timer.awaitTermination(20, TimeUnit.SECONDS));

		for (int i = 0; i < 8; i++) {
			Process p = new ProcessBuilder("sh", "-c", "cat; echo err >&2; exit " + i).redirectErrorStream(true).start();
			try (Writer w = p.outputWriter()) { w.write("to child " + i + "\n"); }
			String out = new String(p.getInputStream().readAllBytes()).trim();
			System.out.println("process " + out.replace('\n', ' ') + " " + p.waitFor());
		}
		Process killed = new ProcessBuilder("sleep", "100").start();
		System.out.println("destroy " + killed.supportsNormalTermination() + " " + killed.waitFor(10, TimeUnit.MILLISECONDS));
		killed.destroy();
		System.out.println("destroyed " + killed.waitFor());
		try { new ProcessBuilder("/no/such/program").start(); } catch (IOException e) { System.out.println(e.getMessage()); }

		ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
		Thread echo = new Thread(() -> { try (Socket s = server.accept()) { s.getInputStream().transferTo(s.getOutputStream()); } catch (IOException e) { throw new Error(e); } });
		echo.start();
		try (Socket s = new Socket(server.getInetAddress(), server.getLocalPort())) {
			s.getOutputStream().write(new byte[100000]);
			s.shutdownOutput();
			System.out.println("socket " + s.getInputStream().readAllBytes().length);
		}
		echo.join();
		server.setSoTimeout(20);
		try { server.accept(); } catch (SocketTimeoutException e) { System.out.println("accept " + e.getMessage()); }

		try {
			ExecutorService virtual = (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
			AtomicLong n = new AtomicLong();
			for (int i = 0; i < 2000; i++) virtual.submit(() -> { Thread.sleep(1); return n.incrementAndGet(); });
			virtual.shutdown();
			System.out.println("virtual " + virtual.awaitTermination(30, TimeUnit.SECONDS) + " " + n);
		} catch (NoSuchMethodException e) { System.out.println("no virtual threads in this version"); }

		Object[] garbage = new Object[1000];
		for (int i = 0; i < 3000000; i++) garbage[i % 1000] = new byte[64 + i % 64];
		System.gc();
		System.out.println("null " + nullCaught() + " overflow " + overflowCaught());
		System.out.println("errors " + Thread.activeCount());
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
		Thread daemon = new Thread(() -> { synchronized (MONITOR) { try { MONITOR.wait(); } catch (InterruptedException e) { } } });
		daemon.setDaemon(true);
		daemon.start();
		System.exit(42);
	}

	// Both come as signals from the kernel: handlers of the machine's own, on the thread's stack.
	static int nullCaught() { int n = 0; String s = null; for (int i = 0; i < 20000; i++) try { n += s.length(); } catch (NullPointerException e) { n++; } return n; }
	static int deep(int n) { return deep(n + 1) + 1; }
	static boolean overflowCaught() { try { return deep(0) < 0; } catch (StackOverflowError e) { return true; } }
}
