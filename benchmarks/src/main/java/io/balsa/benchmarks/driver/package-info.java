/**
 * The drivers: each system through its own best client, and raw HTTP/1.1 for those that speak it.
 *
 * <p>{@link io.balsa.benchmarks.driver.HttpDriver} is one thread with one selector: a connection for each client, requests
 * made of prepared bytes, answers read only as far as needed. The load generator shares its cores with the servers, so
 * what it costs is part of what it measures. What goes into a request, and what an answer means, is an
 * {@link io.balsa.benchmarks.driver.HttpDialect}: Balsa's own, or that of etcd's JSON gateway.
 */
@NullMarked
package io.balsa.benchmarks.driver;

import org.jspecify.annotations.NullMarked;
