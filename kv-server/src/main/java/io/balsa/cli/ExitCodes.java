package io.balsa.cli;

import io.balsa.client.NotAppliedException;
import io.balsa.client.PreconditionFailedException;
import io.balsa.client.UnknownOutcomeException;
import org.jspecify.annotations.Nullable;

/** What the process says when it ends; see the package's description. */
final class ExitCodes {
    static final int OK = 0;
    static final int NOT_FOUND = 1;
    static final int USAGE = 2;
    static final int CONDITION_FAILED = 3;
    static final int NOT_APPLIED = 4;
    static final int UNKNOWN = 5;

    private ExitCodes() {}

    static int of(Throwable failure) {
        if (failure instanceof PreconditionFailedException) {
            return CONDITION_FAILED;
        }
        if (failure instanceof UnknownOutcomeException) {
            return UNKNOWN;
        }
        if (failure instanceof NotAppliedException refused) {
            return refused.code().equals("bad_request") ? USAGE : NOT_APPLIED;
        }
        return failure instanceof IllegalArgumentException ? USAGE : NOT_APPLIED;
    }

    static String oneLine(@Nullable String message) {
        return message == null ? "failed without a reason" : message.replaceAll("\\R", " ");
    }
}
