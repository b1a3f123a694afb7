// cgroup.h - how much of the processor a container or a service leaves to this process (Linux).
//
//     double cpus = cgroup_cpus("");         // 1.5: at most one and a half at a time; 0: no limit
//
// Quotas nest: each group from the process's own up to the root may have one, and the least holds.
// Both versions are read: cpu.max of v2, cpu.cfs_quota_us and cpu.cfs_period_us of v1, also where a
// machine has the two side by side. /proc/self/cgroup names the group, and /proc/self/mountinfo
// says where its hierarchy is mounted and from which group on: inside a container that is usually
// the container's own. Where these files say nothing, there is no limit.
#pragma once

// root stands before every path that is read: "" for the machine's own, a folder for a made-up one.
double cgroup_cpus(const char *root);
