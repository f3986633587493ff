package io.balsa.benchmarks.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class UsageTest {
    @Test
    void readsUserAndKernelTimeBehindANameWithBlanksAndBrackets() {
        String stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 7 8 20 0 9 0 100 1000 10";
        assertThat(Usage.cpuSeconds(stat)).isEqualTo(2.0);
    }

    @Test
    void readsAFieldByItsName() {
        assertThat(Usage.field("VmHWM:\t  99 kB\nVmRSS:\t  123456 kB\n", "VmRSS:"))
                .isEqualTo(123_456);
    }

    @Test
    void readsThisProcess() throws IOException {
        Usage usage = Usage.ofThisProcess();
        assertThat(usage.cpuSeconds()).isPositive();
        assertThat(usage.residentBytes()).isGreaterThan(1 << 20);
    }
}
