// Waits.java - four threads that wait for ever, for a thread dump and an end by signal. Run by java.sh.
public class Waits {
	public static void main(String[] args) throws Exception {
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
		for (int i = 0; i < 4; i++) new Thread(() -> { synchronized (Waits.class) { try { Waits.class.wait(); } catch (InterruptedException e) { } } }, "waiting-" + i).start();
		System.out.println("ready");
		Thread.sleep(100000);
	}
}
