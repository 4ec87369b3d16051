// Generated from the JSON Schemas beside it by `make schemas`.

/** One fact that an update changed. */
export interface Change {
  /** What changed: number, weekday, … */
  readonly kind: string;
  readonly before: string;
  readonly after: string;
}

/** When a source says that it showed a headline. */
export interface ClaimedTime {
  /** Names a place that shows a strip. */
  readonly by: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
}

/** Times that are too far from the event time of the stage for one sighting to be believed. */
export interface DoubtedTimes {
  /** The event time of the stage when they were claimed. */
  readonly stage: string;
  readonly claimed: readonly ClaimedTime[];
  /** Others confirmed the last of them: no row says so since there is `EventTime`. */
  readonly believed?: boolean;
}

/** What a topic is called, in the languages of the pipeline. */
export interface Labels {
  readonly ar: string;
  readonly fr: string;
  readonly en: string;
}

/** What would read a source rightly again, and why that is thought; for a person to decide. */
export interface Pin {
  /** A CSS selector of the strip in the page. */
  readonly selector?: string | null;
  /** What stands between slots. */
  readonly separator?: string | null;
  readonly evidence: string;
}

/** A media topic, how it is called, and how sure the categorizer is of it (calibrated, 0 to 1). */
export interface TopicScore {
  /** A media topic: one of the 17 top IPTC Media Topics, or a user's own. */
  readonly topic: string;
  readonly confidence: number;
  /** Names a topic and its Kafka topic. */
  readonly slug?: string | null;
  readonly labels?: Labels | null;
  /** Slugs from the top topic down to this one, where it has a broader one. */
  readonly path?: readonly string[];
}

/** What a source showed at one moment: the strip as it was read, enough to split it again. */
export interface Strip {
  readonly type: "ticker.strip.v1";
  /** A hash of source, observed_at and text. */
  readonly id: string;
  /** Names a place that shows a strip. */
  readonly source: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly observed_at: string;
  /** The strip as read, separators included. */
  readonly text: string;
  /** What `text` is written in. */
  readonly format?: "feed" | "html" | "text";
  /** Slots found, empty ones included. */
  readonly slots: number;
  /** What stands between slots. */
  readonly separator?: string | null;
  /** The separator was told, not found. */
  readonly pinned?: boolean;
  /** How sure the split is. */
  readonly confidence: number;
  /** W3C trace context. */
  readonly traceparent?: string | null;
}

/** One headline seen in one slot of one strip. */
export interface Sighting {
  readonly type: "ticker.sighting.v1";
  /** The strip's id and the slot: `STRIP-SLOT`. */
  readonly id: string;
  /** Names a place that shows a strip. */
  readonly source: string;
  /** When the source showed it. */
  readonly observed_at: string;
  /** Position in the strip, from 0. */
  readonly slot: number;
  /** The headline as shown. */
  readonly text: string;
  /** ISO 639 code; `und` where there are no letters. */
  readonly language: string;
  /** The site cut the headline short. */
  readonly truncated?: boolean;
  /** Where the headline leads: an absolute http(s) URI. */
  readonly link?: string | null;
  /** When the entry says it was published. */
  readonly published_at?: string | null;
  /** W3C trace context. */
  readonly traceparent?: string | null;
}

/** A distinct headline, as its first sighting showed it. Its id is that sighting's. */
export interface Headline {
  readonly type: "ticker.headline.v1";
  /** The strip's id and the slot: `STRIP-SLOT`. */
  readonly id: string;
  /** Names a place that shows a strip. */
  readonly source: string;
  /** When the source showed it. */
  readonly observed_at: string;
  /** Position in the strip, from 0. */
  readonly slot: number;
  /** The headline as shown. */
  readonly text: string;
  /** ISO 639 code; `und` where there are no letters. */
  readonly language: string;
  /** The site cut the headline short. */
  readonly truncated?: boolean;
  /** Where the headline leads: an absolute http(s) URI. */
  readonly link?: string | null;
  /** When the entry says it was published. */
  readonly published_at?: string | null;
  /** W3C trace context. */
  readonly traceparent?: string | null;
  /** The first headline's id: alike on a headline and all updates of it. */
  readonly chain: string;
  /** The headline whose facts this one changes. */
  readonly updates?: string | null;
  /** The facts that changed. */
  readonly changes?: readonly Change[];
  /** The chain has a live headline that was observed later: this is no news of it. */
  readonly late?: boolean;
  /** The topic that a person gave this text. */
  readonly corrected?: string | null;
}

/** The last live headline of a chain has ended: nobody has shown any of them for a window. */
export interface ChainEnd {
  readonly type: "ticker.end.v1";
  /** The first headline's id: alike on a headline and all updates of it. */
  readonly chain: string;
  /** The event time at which that was noticed. */
  readonly ended_at: string;
}

/** A headline with its media topics, the surest first. `topic` is null where none is sure enough. */
export interface CategorizedHeadline {
  readonly type: "ticker.category.v1";
  /** The strip's id and the slot: `STRIP-SLOT`. */
  readonly id: string;
  /** Names a place that shows a strip. */
  readonly source: string;
  /** When the source showed it. */
  readonly observed_at: string;
  /** Position in the strip, from 0. */
  readonly slot: number;
  /** The headline as shown. */
  readonly text: string;
  /** ISO 639 code; `und` where there are no letters. */
  readonly language: string;
  /** The site cut the headline short. */
  readonly truncated?: boolean;
  /** Where the headline leads: an absolute http(s) URI. */
  readonly link?: string | null;
  /** When the entry says it was published. */
  readonly published_at?: string | null;
  /** W3C trace context. */
  readonly traceparent?: string | null;
  /** The first headline's id: alike on a headline and all updates of it. */
  readonly chain: string;
  /** The headline whose facts this one changes. */
  readonly updates?: string | null;
  /** The facts that changed. */
  readonly changes?: readonly Change[];
  /** The chain has a live headline that was observed later: this is no news of it. */
  readonly late?: boolean;
  /** The topic that a person gave this text. */
  readonly corrected?: string | null;
  /** A media topic: one of the 17 top IPTC Media Topics, or a user's own. */
  readonly topic: string | null;
  /** The slug of `topic`; `uncategorised` where that is null. */
  readonly category: string;
  readonly topics?: readonly TopicScore[];
  /** The categorizer's version. */
  readonly model: string;
}

/** How far the deduplicate stage has come on a partition, and what strips said of it: part of its state. */
export interface EventTime {
  readonly type: "ticker.eventtime.v1";
  /** Event time: the end of a ten-minute bucket. */
  readonly reached: string;
  /** The time that most strips agree on: the end of a bucket. */
  readonly agreed: string;
  /** Strips that agreed with it; more than 16 are not counted. */
  readonly support: number;
  /** The source of all of these, where they are of one. */
  readonly by?: string | null;
  readonly last?: ClaimedTime | null;
  /** Strips that said that it is later: ends of their buckets. */
  readonly later?: readonly ClaimedTime[];
  /** Strips that said that it is earlier. */
  readonly earlier?: readonly ClaimedTime[];
}

/** A live headline, keyed by its fold key: the deduplicate stage's state. */
export interface SeenHeadline {
  readonly type: "ticker.seen.v1";
  /** The strip's id and the slot: `STRIP-SLOT`. */
  readonly id: string;
  /** The headline as shown. */
  readonly text: string;
  /** ISO 639 code; `und` where there are no letters. */
  readonly language: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly first_seen: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly last_seen: string;
  readonly sightings: number;
  /** The first 32 sources that showed it. */
  readonly sources: readonly string[];
  /** How many showed it, where there are more: an estimate with a standard error of 3 % up to 1,000, 5 % up to 3,000 and 11 % up to 6,000; never above 7,130. */
  readonly source_count?: number | null;
  /** The others, as a bit for each of 1,024 hashes. */
  readonly source_sketch?: string | null;
  readonly doubted?: DoubtedTimes | null;
  /** Fold key of the headline that this variant joined. */
  readonly alias_of?: string | null;
  /** First headline of a chain of updates. */
  readonly root?: string | null;
  /** The text folded, as the fold key hashes it. */
  readonly folded?: string | null;
  /** Version of the fold that made the key and `folded`. */
  readonly fold?: number;
}

/** A near duplicate that was swallowed: by which headline, by which rule, and both texts. */
export interface Duplicate {
  readonly type: "ticker.duplicate.v1";
  /** The strip's id and the slot: `STRIP-SLOT`. */
  readonly id: string;
  /** Names a place that shows a strip. */
  readonly source: string;
  /** When the source showed it. */
  readonly observed_at: string;
  /** Position in the strip, from 0. */
  readonly slot: number;
  /** The headline as shown. */
  readonly text: string;
  /** ISO 639 code; `und` where there are no letters. */
  readonly language: string;
  /** The site cut the headline short. */
  readonly truncated?: boolean;
  /** Where the headline leads: an absolute http(s) URI. */
  readonly link?: string | null;
  /** When the entry says it was published. */
  readonly published_at?: string | null;
  /** W3C trace context. */
  readonly traceparent?: string | null;
  /** The headline that it repeats. */
  readonly winner: string;
  /** The headline as shown. */
  readonly winner_text: string;
  /** The first headline's id: alike on a headline and all updates of it. */
  readonly chain: string;
  /** The rule that decided. */
  readonly rule: string;
  readonly score: number;
  /** What the rule saw. */
  readonly detail?: string | null;
}

/** What a person put right, from then on: texts to keep apart, to keep together, to file or to withdraw. */
export interface Correction {
  readonly type: "ticker.correction.v1";
  /** A hash of kind, keys and topic: said twice, it is one. */
  readonly id: string;
  readonly kind: "join" | "recategorize" | "split" | "withdraw";
  /** The texts' fold keys. */
  readonly keys: readonly string[];
  readonly texts: readonly string[];
  /** ISO 639 code; `und` where there are no letters. */
  readonly language: string;
  /** The topic that a recategorized headline has. */
  readonly topic?: string | null;
  /** Who said so. */
  readonly by: string;
  readonly why: string;
  /** RFC 3339, UTC, with milliseconds. */
  readonly corrected_at: string;
  /** It holds no longer. */
  readonly undone?: boolean;
  /** The chains that ended by it. */
  readonly chains?: readonly string[];
}

/** How far a stage has read a partition: everything below `offset` is done. */
export interface Position {
  readonly type: "ticker.position.v1";
  readonly offset: number;
}

/** How a source fares, judged by its own past. */
export interface SourceState {
  readonly type: "ticker.source.v1";
  /** Names a place that shows a strip. */
  readonly source: string;
  /** `silent`: nothing new for longer than its rhythm allows. `missing`: no strip is found. `misshapen`: slots are far more, fewer, longer or shorter. `resplit`: another separator. `misplaced`: all headlines come from elsewhere on the page. `walled`: a login or consent page. `failing`: visits fail. */
  readonly state: "failing" | "learning" | "misplaced" | "misshapen" | "missing" | "resplit" | "silent" | "walled" | "well";
  /** When it came into this state. */
  readonly since: string;
  /** What was seen, for people. */
  readonly detail?: string | null;
  /** Its strips are held back: nothing of it is published. */
  readonly held?: boolean;
  /** RFC 3339, UTC, with milliseconds. */
  readonly last_visit: string;
  /** When it showed something new last. */
  readonly last_change?: string | null;
  /** Seconds for which it may show nothing new, at this hour and weekday. */
  readonly rhythm?: number | null;
  /** Share of its latest visits that brought nothing else, 304 included. */
  readonly unchanged?: number;
  /** Share of its latest visits that failed. */
  readonly failed?: number;
  readonly pin?: Pin | null;
}

export type Event = Strip | Sighting | Headline | ChainEnd | CategorizedHeadline | EventTime | SeenHeadline | Duplicate | Correction | Position | SourceState;
