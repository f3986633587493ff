package io.balsa;

import io.balsa.cli.Balsa;

/** The program's entry. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(Balsa.commandLine().execute(arguments));
    }
}
