/**
 * From single runs to tables: every run is a line in a CSV file, medians and spreads over the rounds are tables in
 * Markdown and curves in SVG, and {@link io.balsa.benchmarks.report.Targets} holds them to what was asked for.
 */
@NullMarked
package io.balsa.benchmarks.report;

import org.jspecify.annotations.NullMarked;
