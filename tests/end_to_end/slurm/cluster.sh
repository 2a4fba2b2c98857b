#!/bin/sh
# A cluster of Slurm with two nodes on one machine, one of which dies in the middle of a run. Runs inside of a Debian tree, as
# root, in namespaces of its own:
#
#     cluster.sh FOLDER JOBS
#
# FOLDER has the matrix, the plan and JOBS, the script of `shelflife shard render --slurm`; what Slurm itself needs goes to
# FOLDER/cluster. The second node is killed with everything on it when a shard that reads has seen something there. When
# all of the submission is over, JOBS is submitted once more. Says how both merges ended.
set -eu
folder=$1
jobs=$2
cd "$folder"
home=$folder/cluster
mkdir -p "$home/munge" "$home/state" "$home/log"
chmod 700 "$home/munge"

# Slurm wants an address that is not that of the machine itself.
address=10.199.7.1
ip link set lo up
ip link add head type veth peer name other
ip addr add "$address/24" dev head
ip link set head up
ip link set other up
hostname head
# Names are looked up before Slurm is asked for addresses.
echo "$address head w1 w2" > /etc/hosts

head -c 1024 /dev/urandom > "$home/munge/key"
chmod 400 "$home/munge/key"
chmod 755 "$home/munge"
munged --force --key-file "$home/munge/key" --socket "$home/munge/socket" --pid-file "$home/munge/pid" \
    --log-file "$home/munge/log" --seed-file "$home/munge/seed"

# Nothing below /sys is mounted: no control groups, whose plugins look for them all the same.
echo 'CgroupPlugin=cgroup/v1' > "$home/cgroup.conf"
cat > "$home/slurm.conf" <<END
ClusterName=two
SlurmctldHost=head($address)
SlurmctldPort=17000
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge/socket,cred_expire=5
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool-%n
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/%n.pid
SlurmctldLogFile=$home/log/slurmctld
SlurmdLogFile=$home/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=0
SlurmdTimeout=6
KillWait=2
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=1
NodeName=w[1-2] NodeHostname=head NodeAddr=$address Port=[17001-17002] CPUs=1 RealMemory=16000 State=UNKNOWN
PartitionName=short Nodes=w[1-2] Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$home/slurm.conf"
slurmctld -D &
# Each node has its own processes, so that it dies as a whole.
for node in w1 w2; do
    mkdir -p "$home/spool-$node"
    unshare --pid --fork --kill-child --mount-proc slurmd -D -N "$node" &
    echo $! > "$home/$node.outer"
done

# Tries something every half second, for so many of these.
await() {
    left=$1
    shift
    until "$@"; do
        left=$((left - 1))
        if [ "$left" -le 0 ]; then
            echo "waited in vain for: $*" >&2
            squeue --all >&2 || true
            sinfo -N -l >&2 || true
            exit 1
        fi
        sleep 0.5
    done
}
idle() { [ "$(sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l)" -ge "$1" ]; }
over() { [ -z "$(squeue --all --noheader --states=PENDING,RUNNING,COMPLETING,CONFIGURING,REQUEUED 2>/dev/null || echo busy)" ]; }
# Whether a shard that reads is in the middle of it on the second node.
reads() {
    shard=$(squeue --noheader --states=RUNNING --nodelist=w2 --format='%j %K' | sed -n 's/.*-read //p')
    [ -n "$shard" ] && grep -q '"cell-observed"' "parts/read-$shard/events.jsonl" 2>/dev/null
}
down() { sinfo --noheader --Node --nodes=w2 --format=%t | grep -q '^down'; }
ended() { scontrol --oneliner show job "$1" | grep -o 'JobState=[A-Z_]* \|ExitCode=[0-9:]*' | tr '\n' ' '; }

await 120 idle 2
sh "$jobs" --partition=short "--output=$home/log/%x-%A_%a.out" > "$home/submitted"
cat "$home/submitted"
await 1200 reads
# The whole node at once, as if somebody had pulled the plug.
kill -9 "$(cat "$home/w2.outer")"
await 120 down
echo "w2 is down: $(squeue --all --noheader --format='%F_%K:%j:%T' | tr '\n' ' ')"
await 2400 over
merge=$(sed -n 's/^merge: //p' "$home/submitted")
echo "first merge: $(ended "$merge")"
cp -r reports "$home/first"
# The node stays dead. Everything is known, and merged once more.
sh "$jobs" --partition=short "--output=$home/log/again-%x-%A_%a.out" > "$home/again"
await 1200 over
merge=$(sed -n 's/^merge: //p' "$home/again")
echo "second merge: $(ended "$merge")"
