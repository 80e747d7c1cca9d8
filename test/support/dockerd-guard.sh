#!/bin/sh
# Runs a private dockerd for as long as standard input stays open, then removes every trace of it: whoever
# holds the other end may die in any way. usage: dockerd-guard.sh DIR BRIDGE NET DRIVER
# NET is the first half of the addresses that are ours: 10.213 for 10.213.0.0/16. Exit 75: they are taken.
dir=$1 bridge=$2 net=$3 driver=$4
trap '' INT HUP TERM

ip link add "$bridge" type bridge || exit 75
ip addr add "$net.0.1/24" dev "$bridge" && ip link set "$bridge" up || exit 1

run() {
  dockerd --host "unix://$dir/docker.sock" --data-root "$dir/data" --exec-root "$dir/exec" \
    --pidfile "$dir/docker.pid" --bridge "$bridge" --default-address-pool "base=$net.128.0/17,size=24" \
    --iptables=false --ip6tables=false --storage-driver "$driver" --cgroup-parent "/$bridge" --exec-opt native.cgroupdriver=cgroupfs \
    --shutdown-timeout 2 </dev/null >>"$dir/dockerd.log" 2>&1 &
  daemon=$!
}
run

# Each line asks for the daemon to be started again after the holder killed it. Ends when the holder closes the
# pipe; a dead daemon is noticed by the holder, which then closes it too.
while read -r _; do
  wait "$daemon" 2>/dev/null
  # Its containerd died with it, but may stay a zombie, which the next daemon would take for alive.
  rm -f "$dir/docker.pid" "$dir/docker.sock" "$dir/exec/containerd/containerd.pid"
  run
done

# The containers first, so that the daemon has nothing to wait for.
for procs in $(find /sys/fs/cgroup -path "*/$bridge/*" -name cgroup.procs 2>/dev/null); do
  kill -KILL $(cat "$procs" 2>/dev/null) 2>/dev/null
done
# A frozen (paused) container dies only when thawed.
for state in $(find /sys/fs/cgroup -path "*/$bridge/*" -name freezer.state 2>/dev/null); do
  echo THAWED >"$state" 2>/dev/null
done
for state in $(find /sys/fs/cgroup -path "*/$bridge/*" -name cgroup.freeze 2>/dev/null); do
  echo 0 >"$state" 2>/dev/null
done
pid=$(cat "$dir/docker.pid" 2>/dev/null || echo "$daemon")
kill -TERM "$pid" 2>/dev/null
tries=0
while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill -KILL "$pid" "$daemon" 2>/dev/null
wait "$daemon" 2>/dev/null

# What an ended daemon may leave: shims and their containerd (known by our directory), mounts, links, cgroups.
for process in /proc/[0-9]*; do
  number=${process#/proc/}
  [ "$number" = $$ ] && continue
  case $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null) in
    containerd*"$dir/exec/"*) kill -KILL "$number" 2>/dev/null ;;
  esac
done
grep -F " $dir/" /proc/mounts | cut -d' ' -f2 | sort -r | while read -r mount; do
  umount -l "$mount" 2>/dev/null
done
ip -o -4 addr show | grep -F " $net." | while read -r _ link _; do
  ip link del "$link" 2>/dev/null
done
find /sys/fs/cgroup -depth -path "*/$bridge*" -type d -exec rmdir {} + 2>/dev/null
rm -rf "$dir"
exit 0
