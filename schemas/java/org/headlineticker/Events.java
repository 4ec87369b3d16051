// Generated from the JSON Schemas beside it by `make schemas`.
package org.headlineticker;

import java.util.List;

/** The events. Jackson reads them with SNAKE_CASE names and without FAIL_ON_UNKNOWN_PROPERTIES. */
public final class Events {
  private Events() {}

  /** One fact that an update changed. */
  public record Change(
      String kind,
      String before,
      String after) {
  }

  /** When a source says that it showed a headline. */
  public record ClaimedTime(
      String by,
      String at) {
  }

  /** Times that are too far from the event time of the stage for one sighting to be believed. */
  public record DoubtedTimes(
      String stage,
      List<ClaimedTime> claimed,
      boolean believed) {
    public DoubtedTimes {
      claimed = claimed == null ? List.of() : List.copyOf(claimed);
    }
  }

  /** What a topic is called, in the languages of the pipeline. */
  public record Labels(
      String ar,
      String fr,
      String en) {
  }

  /** What would read a source rightly again, and why that is thought; for a person to decide. */
  public record Pin(
      String selector,
      String separator,
      String evidence) {
  }

  /** A media topic, how it is called, and how sure the categorizer is of it (calibrated, 0 to 1). */
  public record TopicScore(
      String topic,
      double confidence,
      String slug,
      Labels labels,
      List<String> path) {
    public TopicScore {
      path = path == null ? List.of() : List.copyOf(path);
    }
  }

  /** What a source showed at one moment: the strip as it was read, enough to split it again. */
  public record Strip(
      String type,
      String id,
      String source,
      String observedAt,
      String text,
      String format,
      long slots,
      String separator,
      boolean pinned,
      double confidence,
      String traceparent) {
  }

  /** One headline seen in one slot of one strip. */
  public record Sighting(
      String type,
      String id,
      String source,
      String observedAt,
      long slot,
      String text,
      String language,
      boolean truncated,
      String link,
      String publishedAt,
      String traceparent) {
  }

  /** A distinct headline, as its first sighting showed it. Its id is that sighting's. */
  public record Headline(
      String type,
      String id,
      String source,
      String observedAt,
      long slot,
      String text,
      String language,
      boolean truncated,
      String link,
      String publishedAt,
      String traceparent,
      String chain,
      String updates,
      List<Change> changes,
      boolean late,
      String corrected) {
    public Headline {
      changes = changes == null ? List.of() : List.copyOf(changes);
    }
  }

  /** The last live headline of a chain has ended: nobody has shown any of them for a window. */
  public record ChainEnd(
      String type,
      String chain,
      String endedAt) {
  }

  /** A headline with its media topics, the surest first. `topic` is null where none is sure enough. */
  public record CategorizedHeadline(
      String type,
      String id,
      String source,
      String observedAt,
      long slot,
      String text,
      String language,
      boolean truncated,
      String link,
      String publishedAt,
      String traceparent,
      String chain,
      String updates,
      List<Change> changes,
      boolean late,
      String corrected,
      String topic,
      String category,
      List<TopicScore> topics,
      String model) {
    public CategorizedHeadline {
      changes = changes == null ? List.of() : List.copyOf(changes);
      topics = topics == null ? List.of() : List.copyOf(topics);
    }
  }

  /** How far the deduplicate stage has come on a partition, and what strips said of it: part of its state. */
  public record EventTime(
      String type,
      String reached,
      String agreed,
      long support,
      String by,
      ClaimedTime last,
      List<ClaimedTime> later,
      List<ClaimedTime> earlier) {
    public EventTime {
      later = later == null ? List.of() : List.copyOf(later);
      earlier = earlier == null ? List.of() : List.copyOf(earlier);
    }
  }

  /** A live headline, keyed by its fold key: the deduplicate stage's state. */
  public record SeenHeadline(
      String type,
      String id,
      String text,
      String language,
      String firstSeen,
      String lastSeen,
      long sightings,
      List<String> sources,
      long sourceCount,
      String sourceSketch,
      DoubtedTimes doubted,
      String aliasOf,
      String root,
      String folded,
      long fold) {
    public SeenHeadline {
      sources = sources == null ? List.of() : List.copyOf(sources);
    }
  }

  /** A near duplicate that was swallowed: by which headline, by which rule, and both texts. */
  public record Duplicate(
      String type,
      String id,
      String source,
      String observedAt,
      long slot,
      String text,
      String language,
      boolean truncated,
      String link,
      String publishedAt,
      String traceparent,
      String winner,
      String winnerText,
      String chain,
      String rule,
      double score,
      String detail) {
  }

  /** What a person put right, from then on: texts to keep apart, to keep together, to file or to withdraw. */
  public record Correction(
      String type,
      String id,
      String kind,
      List<String> keys,
      List<String> texts,
      String language,
      String topic,
      String by,
      String why,
      String correctedAt,
      boolean undone,
      List<String> chains) {
    public Correction {
      keys = keys == null ? List.of() : List.copyOf(keys);
      texts = texts == null ? List.of() : List.copyOf(texts);
      chains = chains == null ? List.of() : List.copyOf(chains);
    }
  }

  /** How far a stage has read a partition: everything below `offset` is done. */
  public record Position(
      String type,
      long offset) {
  }

  /** How a source fares, judged by its own past. */
  public record SourceState(
      String type,
      String source,
      String state,
      String since,
      String detail,
      boolean held,
      String lastVisit,
      String lastChange,
      double rhythm,
      double unchanged,
      double failed,
      Pin pin) {
  }
}
