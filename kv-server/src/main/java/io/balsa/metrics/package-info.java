/**
 * What Balsa tells Prometheus: every meter by name in {@link io.balsa.metrics.Metrics}, so that a dashboard or an alert
 * can be checked against one file.
 *
 * <p>Counters and histograms are fed by plain calls from whoever knows ({@code turn}, {@code logCommit}, …), on hot
 * paths without allocation; gauges read the node's status when they are scraped.
 */
@NullMarked
package io.balsa.metrics;

import org.jspecify.annotations.NullMarked;
