package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One system's servers: how they are started and asked. Stateless; callable from any thread. */
public interface ServerKind {
    /** Lower case, one word. */
    String name();

    /** Why this system cannot run here, with what to install; null when it can. */
    @Nullable
    String missing();

    String version();

    /** Options beside the defaults, for the report; "" when there are none. */
    String options(Tuning tuning);

    /** Writes what the member needs into its directory, which exists, and returns its command line. */
    List<String> prepare(Address self, List<Address> all, Tuning tuning) throws IOException;

    /** Whether this member says that it leads; false when it does not answer quickly. */
    boolean leads(Address member);

    /** Whether these servers hand leadership over when they are told to. */
    default boolean canTransfer() {
        return false;
    }

    /** Has {@code leader} hand over to {@code successor}; whether it did, or began to. Only where {@link #canTransfer}. */
    default boolean transfer(Address leader, Address successor) {
        throw new UnsupportedOperationException(name());
    }

    /** Tries one small write through this member; whether it was acknowledged. Waits a second at most. */
    boolean write(Address member);
}
