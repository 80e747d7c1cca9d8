#!/bin/sh
# A small service manager: what a command target switches. usage: manager.sh start|stop|status|kill DIR NAME
# DIR/NAME.env holds the variables of the sleepy app, which writes DIR/NAME.log. Status: 0 runs, 3 does not.
verb=$1 dir=$2 name=$3
pid=$(cat "$dir/$name.pid" 2>/dev/null)

runs() {
  [ -n "$pid" ] || return 1
  case $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) in '' | Z | X) return 1 ;; esac
}

case $verb in
  start)
    runs && exit 0
    [ -e "$dir/$name.refuses" ] && echo "cannot start: out of luck" >&2 && exit 4
    set -a
    . "$dir/$name.env"
    set +a
    setsid "$NODE" "$SLEEPY" </dev/null >"$dir/$name.log" 2>&1 &
    echo $! >"$dir/$name.pid"
    ;;
  stop)
    runs || exit 0
    kill -TERM "$pid"
    tries=0
    while runs && [ $tries -lt 20 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
    runs && kill -KILL "$pid"
    exit 0
    ;;
  kill)
    runs && kill -KILL "$pid"
    exit 0
    ;;
  status)
    [ -e "$dir/silent" ] && echo "no connection to the manager" && exit 4
    runs && echo active && exit 0
    echo inactive
    exit 3
    ;;
esac
