package io.balsa.node;

import java.util.regex.Pattern;

/** The words for a socket that cannot be opened. */
public final class SocketFailure {
    /** As Linux's own transport begins its messages: the call's name and the number of the error, before what it means. */
    private static final Pattern CALL = Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-\\d+\\): ");

    private SocketFailure() {}

    /** Why it failed, in the same words for every transport: {@code Address already in use}. */
    public static String reason(Throwable failure) {
        return CALL.matcher(String.valueOf(failure.getMessage())).replaceFirst("");
    }
}
