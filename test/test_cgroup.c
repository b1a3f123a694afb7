// test_cgroup.c - quotas of nested control groups, in made-up trees of /proc and /sys.
#include "test/folder.h"

#include "tensor/base/cgroup.h"

static Folder root;

static void given(const char *group, const char *mountinfo)
{
    folder_text(&root, "proc/self/cgroup", group);
    folder_text(&root, "proc/self/mountinfo", mountinfo);
}

static void expect(double cpus, const char *what)
{
    double got = cgroup_cpus(root.path);
    CHECK(got == cpus, "%s: %g, not %g", what, got, cpus);
    folder_discard(root.path);
}

#define UNIFIED "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

// The least of the quotas on the way up holds; groups beside it do not count.
static void version2(void)
{
    given("0::/a/b/c\n", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" UNIFIED);
    folder_text(&root, "sys/fs/cgroup/a/cpu.max", "150000 100000\n");
    folder_text(&root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    folder_text(&root, "sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
    folder_text(&root, "sys/fs/cgroup/a/b/beside/cpu.max", "10000 100000\n");
    expect(1.5, "the middle one is least");
    given("0::/a/b\n", UNIFIED);
    folder_text(&root, "sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    folder_text(&root, "sys/fs/cgroup/a/b/cpu.max", "50000 25000\n");
    expect(2, "its own is least");
    given("0::/\n", UNIFIED);
    folder_text(&root, "sys/fs/cgroup/cpu.max", "50000 100000\n");
    expect(0.5, "a container sees its own group as the root");
    given("0::/a\n", UNIFIED);
    folder_text(&root, "sys/fs/cgroup/a/cpu.max", "max 100000\n");
    expect(0, "no quota");
}

// Controllers that are mounted together, below a folder with a blank; the container's view of its
// own group by the host's name.
static void version1(void)
{
    static const char both[] = "33 31 0:30 /docker/x /my\\040fs/cpu,cpuacct rw,relatime - cgroup "
                               "cgroup rw,cpuacct,cpu\n";
    given("5:memory:/other\n4:cpuacct,cpu:/docker/x/y\n0::/\n", both);
    folder_text(&root, "my fs/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
    folder_text(&root, "my fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    folder_text(&root, "my fs/cpu,cpuacct/y/cpu.cfs_quota_us", "-1\n");
    folder_text(&root, "my fs/cpu,cpuacct/y/cpu.cfs_period_us", "100000\n");
    expect(3, "above its own");
    given("4:cpuacct,cpu:/elsewhere\n", both);
    folder_text(&root, "my fs/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    folder_text(&root, "my fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    expect(2, "a group that is not to be seen here");
    given("4:cpuacct:/a\n", "33 31 0:30 / /c rw - cgroup cgroup rw,cpuacct\n");
    folder_text(&root, "c/a/cpu.cfs_quota_us", "100000\n");
    folder_text(&root, "c/a/cpu.cfs_period_us", "100000\n");
    expect(0, "another controller");
}

// Both versions side by side, and files that are not there or not as they should be.
static void odd(void)
{
    given("1:cpu:/a\n0::/b\n",
          "3 1 0:3 / /one rw - cgroup cgroup rw,cpu\n4 1 0:4 / /two rw - cgroup2 none rw\n");
    folder_text(&root, "one/a/cpu.cfs_quota_us", "500000\n");
    folder_text(&root, "one/a/cpu.cfs_period_us", "100000\n");
    folder_text(&root, "two/b/cpu.max", "400000 100000\n");
    expect(4, "both");
    expect(0, "no files at all");
    given("0::/a\n", "30 23 0:26 / /sys/fs/cgroup\nrubbish\n - cgroup2\n");
    expect(0, "a torn mountinfo");
    given("0::/a\n0:", UNIFIED);
    folder_text(&root, "sys/fs/cgroup/a/cpu.max", "100000 0\n");
    expect(0, "a period of 0");
}

static const TestCase cases[] = {
    { "version2", version2 }, { "version1", version1 }, { "odd", odd },
};

int main(void)
{
    root = folder_open();
    int failed = test_main("cgroup", cases, TEST_COUNT(cases));
    folder_close(&root);
    return failed;
}
