/**
 * Real server processes, broken for real: killed, paused, cut off from each other. {@link ProcessCluster} starts them and
 * ends them, {@link TcpProxy} sits between them where a test wants to cut their connections, {@link KvHttp} is a client that
 * never repeats a request and knows what each answer proves, and {@link Writers} is the load, with a record of every outcome.
 */
@NullMarked
package io.balsa.process;

import org.jspecify.annotations.NullMarked;
