/**
 * The command line for people and scripts: {@code get}, {@code put}, {@code del}, {@code list} and {@code status}, each a
 * thin layer over the Java client.
 *
 * <p>Results go to standard output, as text or as JSON ({@code --output json}: one document, or one a line for a
 * listing); an error is one line on standard error. The exit code says what may be concluded, as everywhere in Balsa:
 *
 * <pre>
 * 0  it worked
 * 1  the key was not found
 * 2  the command line is wrong
 * 3  a condition did not hold; nothing changed
 * 4  not applied: refused, or no server could be asked
 * 5  unknown: the write may have been applied, or may yet be
 * </pre>
 *
 * <p>{@link io.balsa.cli.Balsa} is the top command. {@code ClientOptions} is what every command shares and opens the client;
 * {@code ExitCodes} maps failures.
 */
@NullMarked
package io.balsa.cli;

import org.jspecify.annotations.NullMarked;
