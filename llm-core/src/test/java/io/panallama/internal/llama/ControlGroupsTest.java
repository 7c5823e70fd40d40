package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads folders that look like {@code /proc} and {@code /sys/fs/cgroup} of machines and containers. */
class ControlGroupsTest {
  private static final long GIB = 1L << 30;
  private static final String MOUNT_2 =
      "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

  @TempDir Path root;
  private ControlGroups groups;

  @BeforeEach
  void create() {
    groups = new ControlGroups(root);
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void version2(String group) throws IOException {
    write("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + MOUNT_2);
    write("proc/self/cgroup", "0::" + group + "\n");
  }

  /** A group of version 2; {@code files} are bytes of files that the kernel could reclaim. */
  private void memory2(String group, String max, String high, long current, long inactive, long active)
      throws IOException {
    String folder = "sys/fs/cgroup" + group + "/";
    write(folder + "memory.max", max + "\n");
    write(folder + "memory.high", high + "\n");
    write(folder + "memory.current", current + "\n");
    write(
        folder + "memory.stat",
        "anon 1\nfile "
            + (inactive + active)
            + "\ninactive_file "
            + inactive
            + "\nactive_file "
            + active
            + "\n"
            + "slab_reclaimable 4096\nslab 8192\n");
  }

  @Test
  void aMachineWithoutGroupsSetsNoLimit() {
    assertThat(groups.availableBytes()).isEqualTo(ControlGroups.UNLIMITED);
    assertThat(groups.processors(8)).isEqualTo(8);
  }

  @Test
  void groupsWithoutLimitsSetNone() throws IOException {
    version2("/user.slice/session.scope");
    memory2("/user.slice/session.scope", "max", "max", 5 * GIB, 0, 0);
    write("sys/fs/cgroup/user.slice/session.scope/cpu.max", "max 100000\n");
    assertThat(groups.availableBytes()).isEqualTo(ControlGroups.UNLIMITED);
    assertThat(groups.processors(8)).isEqualTo(8);
  }

  /** What an earlier start read is still there: all of its pages could be dropped at once. */
  @Test
  void pagesOfFilesAreAvailable() throws IOException {
    version2("/");
    memory2("", Long.toString(4 * GIB), "max", 3 * GIB, 2 * GIB, GIB / 2);
    assertThat(groups.availableBytes()).isEqualTo(4 * GIB - (3 * GIB - 2 * GIB - GIB / 2 - 4096));
  }

  @Test
  void theTightestGroupOnTheWayUpCounts() throws IOException {
    version2("/pod/app/worker");
    memory2("/pod/app/worker", "max", "max", GIB / 4, 0, 0);
    memory2("/pod/app", Long.toString(8 * GIB), "max", GIB / 4, 0, 0);
    memory2("/pod", Long.toString(2 * GIB), "max", GIB, 0, 0);
    assertThat(groups.availableBytes()).isEqualTo(GIB + 4096);
    write("sys/fs/cgroup/pod/app/worker/cpu.max", "800000 100000\n");
    write("sys/fs/cgroup/pod/cpu.max", "250000 100000\n");
    assertThat(groups.processors(16)).isEqualTo(2);
  }

  @Test
  void theLimitAtWhichTheKernelBrakesCountsToo() throws IOException {
    version2("/app");
    memory2("/app", Long.toString(8 * GIB), Long.toString(3 * GIB), 2 * GIB + 4096, 0, 0);
    assertThat(groups.availableBytes()).isEqualTo(GIB);
  }

  @Test
  void aGroupBeyondItsLimitHasNothingLeft() throws IOException {
    version2("/app");
    memory2("/app", Long.toString(GIB), "max", 2 * GIB, 0, 0);
    assertThat(groups.availableBytes()).isZero();
  }

  /** Without a name space of its own, a container's mount shows its group as the top, and its path from the machine's. */
  @Test
  void aMountOfAPartOfTheHierarchyIsUnderstood() throws IOException {
    write("proc/self/mountinfo", MOUNT_2.replace(" / /sys", " /docker/abc /sys"));
    write("proc/self/cgroup", "0::/docker/abc/inner\n");
    memory2("/inner", "max", "max", GIB, 0, 0);
    memory2("", Long.toString(3 * GIB), "max", GIB + 4096, 0, 0);
    assertThat(groups.availableBytes()).isEqualTo(2 * GIB);
  }

  @Test
  void aGroupOutsideOfWhatIsMountedReadsTheTop() throws IOException {
    write("proc/self/mountinfo", MOUNT_2);
    write("proc/self/cgroup", "0::/../elsewhere\n");
    memory2("", Long.toString(3 * GIB), "max", GIB + 4096, 0, 0);
    assertThat(groups.availableBytes()).isEqualTo(2 * GIB);
  }

  @Test
  void aQuotaIsRoundedDownButNotToNothing() throws IOException {
    version2("/app");
    write("sys/fs/cgroup/app/cpu.max", "150000 100000\n");
    assertThat(groups.processors(2)).isEqualTo(1);
    write("sys/fs/cgroup/app/cpu.max", "50000 100000\n");
    assertThat(groups.processors(2)).isEqualTo(1);
    write("sys/fs/cgroup/app/cpu.max", "400000 100000\n");
    assertThat(groups.processors(2)).isEqualTo(2);
  }

  @Test
  void filesWithoutSenseSetNoLimit() throws IOException {
    version2("/app");
    write("proc/self/mountinfo", "nonsense\n" + MOUNT_2);
    write("sys/fs/cgroup/app/memory.max", "4096\n");
    write("sys/fs/cgroup/app/memory.current", "many\n");
    write("sys/fs/cgroup/app/cpu.max", "100000\n");
    assertThat(groups.availableBytes()).isEqualTo(ControlGroups.UNLIMITED);
    assertThat(groups.processors(3)).isEqualTo(3);
  }

  private void version1(String group) throws IOException {
    write(
        "proc/self/mountinfo",
        "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
            + "32 30 0:28 / /sys/fs/cgroup/memory\\040here rw - cgroup cgroup rw,memory\n");
    write("proc/self/cgroup", "5:memory:" + group + "\n4:cpu,cpuacct:" + group + "\n1:name=systemd:/\n");
  }

  private void memory1(String group, long limit, long hierarchical, long usage, long inactive) throws IOException {
    String folder = "sys/fs/cgroup/memory here" + group + "/";
    write(folder + "memory.limit_in_bytes", limit + "\n");
    write(folder + "memory.usage_in_bytes", usage + "\n");
    write(
        folder + "memory.stat",
        "inactive_file 1\nhierarchical_memory_limit "
            + hierarchical
            + "\ntotal_inactive_file "
            + inactive
            + "\ntotal_active_file 4096\n");
  }

  /** The kernel's word for no limit: the largest number of whole pages. */
  private static final long NONE = 9223372036854771712L;

  @Test
  void version1IsReadAsWell() throws IOException {
    version1("/docker/abc");
    memory1("/docker/abc", 4 * GIB, 4 * GIB, 3 * GIB, 2 * GIB);
    memory1("/docker", NONE, NONE, 20 * GIB, 0);
    write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "350000\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
    assertThat(groups.availableBytes()).isEqualTo(3 * GIB + 4096);
    assertThat(groups.processors(8)).isEqualTo(3);
  }

  @Test
  void aLimitAboveWhatAContainerSeesIsKnownInVersion1() throws IOException {
    version1("/");
    memory1("", NONE, 2 * GIB, GIB + 4096, 0);
    assertThat(groups.availableBytes()).isEqualTo(GIB);
  }

  @Test
  void theMachinesOwnMemoryIsTheOtherLimit() throws IOException {
    version2("/app");
    memory2("/app", Long.toString(4 * GIB), "max", GIB + 4096, 0, 0);
    write("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n");
    assertThat(SystemMemory.availableBytes(root)).isEqualTo(3 * GIB);
    write("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable:    1048576 kB\n");
    assertThat(SystemMemory.availableBytes(root)).isEqualTo(GIB);
  }

  @Test
  void theLimitOfTheProcessIsAnother() throws IOException {
    write("proc/meminfo", "MemAvailable:    8388608 kB\n");
    write(
        "proc/self/limits",
        "Max cpu time  unlimited  unlimited  seconds\n"
            + "Max data size             1073741824  unlimited            bytes     \n");
    write("proc/self/status", "VmPeak:\t 9 kB\nVmData:\t  262144 kB\n");
    assertThat(SystemMemory.availableBytes(root)).isEqualTo(GIB - GIB / 4);
    write("proc/self/limits", "Max data size             unlimited            unlimited            bytes     \n");
    assertThat(SystemMemory.availableBytes(root)).isEqualTo(8 * GIB);
    write("proc/self/limits", "Max data size             1024            unlimited            bytes     \n");
    assertThat(SystemMemory.availableBytes(root)).isZero();
  }
}
