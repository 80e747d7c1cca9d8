#!/bin/sh
# Runs a private Podman service for as long as standard input stays open, then removes every trace of it.
# usage: podman-guard.sh DIR
dir=$1
trap '' INT HUP TERM

# Modest limits: Podman would raise them, which needs a right that a sandbox may lack.
cat >"$dir/containers.conf" <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_config_dir = "$dir/networks"
default_subnet = "10.240.0.0/24"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
CONF
export CONTAINERS_CONF="$dir/containers.conf"
set -- --root "$dir/root" --runroot "$dir/run" --tmpdir "$dir/tmp" --storage-driver
driver=overlay
podman "$@" $driver info >/dev/null 2>"$dir/podman.log" || {
  rm -rf "$dir/root" "$dir/run" "$dir/tmp"
  driver=vfs
}

podman "$@" $driver system service --time 0 "unix://$dir/podman.sock" </dev/null >>"$dir/podman.log" 2>&1 &
service=$!
while read -r _; do :; done

# Asked to end it waits for event streams that nobody reads any more.
kill -KILL "$service" 2>/dev/null
wait "$service" 2>/dev/null
podman "$@" $driver rm --all --force --time 0 >/dev/null 2>&1
# Who watched over a command in a container stays for minutes to tell how it ended.
for process in /proc/[0-9]*; do
  number=${process#/proc/}
  [ "$number" = $$ ] && continue
  case $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null) in
    *conmon*"$dir/"*) kill -KILL "$number" 2>/dev/null ;;
  esac
done
grep -F " $dir/" /proc/mounts | cut -d' ' -f2 | sort -r | while read -r mount; do
  umount -l "$mount" 2>/dev/null
done
ip -o -4 addr show | grep -F " 10.240.0." | while read -r _ link _; do
  ip link del "$link" 2>/dev/null
done
rm -rf "$dir"
exit 0
