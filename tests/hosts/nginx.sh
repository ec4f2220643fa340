#!/bin/bash
# nginx.sh - nginx with two workers and a pool of threads, under wrk and curl: the same bytes, headers and log as bare.
#
# A master that forks, changes its title over its environment, reloads, and passes signals to workers; sendfile, and reads in threads.
# The client is traced as well: curl resolves and transfers with threads of its own.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need nginx wrk curl
url=

configure() {
	local port user=
	port=$(free_port)
	[ "$(id -u)" -ne 0 ] || user='user root;'
	url=http://127.0.0.1:$port
	mkdir www
	seq 200000 >www/big
	echo hello >www/index.html
	cat >nginx.conf <<-EOF
		daemon off; worker_processes 2; pid nginx.pid; error_log error.log notice; $user
		events { worker_connections 256; }
		http { log_format plain '\$request \$status \$body_bytes_sent'; access_log access.log plain;
		client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path c;
		gzip_types *;
		server { listen 127.0.0.1:$port; root $PWD/www; aio threads; sendfile off;
			location /gz { gzip on; alias $PWD/www; }
			location /wrk { access_log off; alias $PWD/www; }
			location /again { proxy_pass http://127.0.0.1:$port/; } } }
	EOF
}
children() { tr ' ' '\n' <"/proc/$server_pid/task/$server_pid/children" | grep -c .; }
reloaded() { [ "$(grep -c 'start worker process ' error.log)" -ge 4 ] && [ "$(children)" -eq 2 ]; }

web() {
	configure
	serve nginx -p "$PWD" -e "$PWD/error.log" -c "$PWD/nginx.conf"
	await curl -s -o /dev/null $url/wrk/ || return
	wrk -t 1 -c 16 -d 2s $url/wrk/index.html | awk '/ requests in / { print ($1 > 100) } /Non-2xx|Socket errors/'
	for path in / /big /missing /gz/big /again/big; do
		fetch "$url$path"
	done 2>&1
	seq -f "$url/big?%g" 40 | xargs -P 8 -n 5 curl -s | wc -c
	looks "$server_pid"
	children
	kill -HUP "$server_pid"
	await reloaded
	curl -s $url/
	stop QUIT
	cat log
	sort access.log | sed "s/:[0-9]*//" | uniq -c
	sed -E 's,^[^[]*,,; s,[0-9]+#[0-9]+: ,,; s,(process|signal process started|pid|worker) [0-9]+,\1 N,g; s,from [0-9]+,from N,; s,[*][0-9]+,*N,; s,(127.0.0.1):[0-9]+,\1,g' error.log |
		grep -vE '^\[notice\] (signal 29|signal 17|worker process N exited|exit(ing)?$|gracefully)' | sort | uniq -c
	ls
}
fetch() { curl -sS -D - --compressed "$1" | grep -vE '^(Date|Last-Modified|ETag)' | sha256sum; }
both web
processes 5
says 'epoll_wait'

# the client
client() {
	configure
	local T_client=("${T[@]}")
	T=()
	serve nginx -p "$PWD" -e "$PWD/error.log" -c "$PWD/nginx.conf"
	await curl -s -o /dev/null $url/wrk/ || return
	"${T_client[@]}" curl -sS --parallel --parallel-max 8 -o '#1.out' "${url/127.0.0.1/localhost}/big?[1-20]" -w '%{http_code} %{size_download}\n' 2>progress | sort | uniq -c
	cat ./*.out | sha256sum
	"${T_client[@]}" curl -sS "$url/big" -o one || echo "status $?"
	cmp one www/big && echo same
	stop QUIT
}
client_fails() {
	local status=0
	"${T[@]}" curl -sS http://127.0.0.1:1/ || status=$?
	echo "status $status"
	"${T[@]}" curl -sS http://no.such.host.invalid/ 2>/dev/null || status=$?
	echo "status $status"
}
both client
both client_fails
finish
