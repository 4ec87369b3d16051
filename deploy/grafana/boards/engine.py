"""For an operator: whether anything fails, whether workers keep up, what a batch costs."""

from typing import Final

from deploy.grafana.panels import (
    A_MINUTE,
    A_SECOND,
    COUNT,
    SECONDS,
    Board,
    Column,
    Link,
    Panel,
    Query,
    Row,
    counted,
    quantiles,
)
from schemas.topics import LANGUAGE_PARTITIONS


def _of_each(how: str, metric: str) -> Query:
    """A value of each partition of each stage, and of the worker that holds it."""
    return Query(f"{how} by (stage, partition, instance) ({metric}{{SEL}})")


_PRODUCED: Final = "sum(ticker_slots_total{SEL}) - sum(ticker_slot_outcomes_total{SEL})"

_DOES_ANYTHING_FAIL: Final = Row(
    "Does anything fail",
    (
        Panel(
            title="Unaccounted records",
            description="Input less everything that became of it, by stage, and slots less theirs. 0, at"
            " any moment, or something is lost or counted twice.",
            unit=COUNT,
            kind="number",
            width=6,
            height=5,
            bad_from=1,
            words=((0, "None"),),
            queries=(
                Query(
                    "sum by (stage) (ticker_input_records_total{SEL})"
                    " - sum by (stage) (ticker_records_total{SEL})",
                    "{{stage}}",
                ),
                Query(_PRODUCED, "produce"),
            ),
            links=(Link("Runbook", "${runbooks}/TickerResidue.md"),),
        ),
        Panel(
            title="Offsets lost to retention",
            description="Offsets that retention removed before they were read, in all. Anything but 0 is"
            " lost data.",
            unit=COUNT,
            kind="number",
            width=6,
            height=5,
            bad_from=1,
            words=((0, "None"),),
            queries=(Query("sum by (stage) (ticker_lost_offsets_total{SEL})", "{{stage}}"),),
            links=(Link("Runbook", "${runbooks}/TickerOffsetsLost.md"),),
        ),
        Panel(
            title="Partitions worked on",
            description=f"Partitions that a worker holds, by stage; {LANGUAGE_PARTITIONS} each.",
            unit=COUNT,
            kind="number",
            width=6,
            height=5,
            good_from=LANGUAGE_PARTITIONS,
            queries=(
                Query(
                    "sum by (stage) (ticker_assigned_partitions{SEL})"
                    " or 0 * count by (stage) (last_over_time(ticker_assigned_partitions{SEL}[1d]))",
                    "{{stage}}",
                ),
            ),
            links=(Link("Runbook", "${runbooks}/TickerPartitionsUnassigned.md"),),
        ),
        Panel(
            title="Waiting for Kafka",
            description="How many programs the brokers do not answer.",
            unit=COUNT,
            kind="number",
            width=6,
            height=5,
            bad_from=1,
            words=((0, "None"),),
            queries=(Query("count(ticker_kafka_up{SEL} == 0) or vector(0)", "waiting"),),
            links=(Link("Runbook", "${runbooks}/TickerKafkaAway.md"),),
        ),
        Panel(
            title="Dead letters",
            description="Records a minute that could not be processed, by stage and the error at the"
            " bottom of it. They are kept, byte for byte, in the dead letters topic.",
            replayed="sightings",
            unit=A_MINUTE,
            at_least=1,
            queries=(
                Query(
                    "60 * sum by (stage, reason) (rate(ticker_dead_letters_total{SEL}[$__rate_interval]))",
                    "{{stage}} {{reason}}",
                ),
            ),
            empty="No record was ever set aside.",
            links=(Link("Runbook", "${runbooks}/TickerDeadLetterShare.md"),),
        ),
        Panel(
            title="Failures tried again",
            description="Batches and openings of the last hour that failed and were tried again. A rebalance or a"
            " broker's restart makes some; a steady rate is a fault.",
            unit=COUNT,
            kind="bars",
            empty="Nothing failed in this hour.",
            queries=(
                Query(
                    "sort_desc(" + counted("ticker_failures_total{SEL}", "1h", "stage, reason") + " > 0)",
                    "{{stage}} {{reason}}",
                ),
            ),
            links=(Link("Runbook", "${runbooks}/TickerFailing.md"),),
        ),
    ),
)

_DOES_IT_KEEP_UP: Final = Row(
    "Does it keep up",
    (
        Panel(
            title="Lag in seconds",
            description="How long the oldest record that is not processed yet has been waiting, on the slowest"
            " partition of each stage; nothing is shown while no broker tells.",
            unit=SECONDS,
            bad_from=300,
            at_least=1,
            queries=(Query("max by (stage) (ticker_lag_seconds{SEL})", "{{stage}}"),),
            links=(Link("Runbook", "${runbooks}/TickerLagging.md"),),
        ),
        Panel(
            title="Records",
            description="Input records a second whose transaction was committed, by stage.",
            replayed="sightings",
            unit=A_SECOND,
            at_least=1,
            queries=(
                Query(
                    "sum by (stage) (rate(ticker_input_records_total{SEL}[$__rate_interval]))",
                    "{{stage}}",
                ),
            ),
        ),
        Panel(
            title="Each partition",
            description="Offsets that are committed in the source and not processed yet and how long the oldest"
            " has waited, the worker that holds it, and how long its last opening took, its state read back.",
            unit=COUNT,
            kind="table",
            width=24,
            height=10,
            columns=(
                Column(label="stage", title="Stage"),
                Column(label="partition", title="Partition"),
                Column(label="instance", title="Worker"),
                Column(title="Waiting", query=_of_each("sum", "ticker_lag_records")),
                Column(
                    title="Waiting for",
                    query=_of_each("max", "ticker_lag_seconds"),
                    unit=SECONDS,
                    bad_from=300,
                ),
                Column(
                    title="Opened in",
                    query=_of_each("max", "ticker_restore_seconds"),
                    unit=SECONDS,
                    bad_from=60,
                ),
            ),
            sort="Partition",
        ),
    ),
)

_TRANSACTIONS: Final = Row(
    "Transactions",
    (
        Panel(
            title="Transactions",
            description="Transactions committed a second, by stage: one a batch.",
            unit=A_SECOND,
            at_least=1,
            queries=(
                Query(
                    "sum by (stage) (rate(ticker_transactions_total{SEL}[$__rate_interval]))",
                    "{{stage}}",
                ),
            ),
        ),
        Panel(
            title="Time of a batch",
            description="Time from taking a slice to its commit, by stage.",
            unit=SECONDS,
            bad_from=5,
            at_least=0.5,
            queries=quantiles("ticker_batch_seconds", "stage"),
        ),
        Panel(
            title="Size of a batch",
            description="Records in one transaction, by stage. It grows with the load: that is what makes"
            " a loaded worker faster.",
            unit=COUNT,
            at_least=10,
            queries=quantiles("ticker_batch_records", "stage"),
        ),
        Panel(
            title="Since the last commit",
            description="Since a transaction of a stage was committed on any worker. Grows while"
            " nothing comes in, too: look at the lag above.",
            unit=SECONDS,
            at_least=30,
            queries=(
                Query("time() - max by (stage) (ticker_last_commit_timestamp_seconds{SEL})", "{{stage}}"),
            ),
        ),
    ),
)

_STATE: Final = Row(
    "State",
    (
        Panel(
            title="Live headlines",
            description="Fold keys inside the deduplication window, by partition: what a restart reads"
            " back and what a worker's memory holds.",
            unit=COUNT,
            kind="stacked",
            width=24,
            queries=(
                Query("sum by (partition) (ticker_live_headlines{SEL}) > 0", "partition {{partition}}"),
            ),
        ),
    ),
)

_PROCESSES: Final = Row(
    "Processes",
    (
        Panel(
            title="Each process",
            description="Every program with its version, how long it has been up, the cores it uses (a worker has"
            " one to use), its memory, and whether the brokers answer it. Two versions only while an upgrade rolls.",
            unit=COUNT,
            kind="table",
            width=24,
            height=9,
            queries=(Query("max by (job, instance, version) (ticker_build_info{SEL})"),),
            columns=(
                Column(label="job", title="Job"),
                Column(label="instance", title="Instance"),
                Column(label="version", title="Version"),
                Column(
                    title="Up for",
                    query=Query("time() - max by (job, instance) (process_start_time_seconds{SEL})"),
                    unit=SECONDS,
                ),
                Column(
                    title="Cores",
                    query=Query(
                        "max by (job, instance) (rate(process_cpu_seconds_total{SEL}[$__rate_interval]))"
                    ),
                    unit="none",
                ),
                Column(
                    title="Memory",
                    query=Query("max by (job, instance) (process_resident_memory_bytes{SEL})"),
                    unit="bytes",
                ),
                Column(
                    title="Kafka",
                    query=Query("min by (job, instance) (ticker_kafka_up{SEL})"),
                    words=((0, "away"), (1, "answers")),
                ),
            ),
            sort="Job",
            links=(Link("Runbook", "${runbooks}/TickerDown.md"),),
        ),
        Panel(
            title="Processor time",
            description="Cores that each process uses; a worker has one to use.",
            unit="none",
            at_least=1,
            queries=(
                Query("rate(process_cpu_seconds_total{SEL}[$__rate_interval])", "{{job}} {{instance}}"),
            ),
        ),
        Panel(
            title="Memory",
            description="Resident memory of each process.",
            unit="bytes",
            queries=(Query("process_resident_memory_bytes{SEL}", "{{job}} {{instance}}"),),
        ),
    ),
)

ENGINE: Final = Board(
    uid="ticker-engine",
    title="Headlines: engine",
    description="For an operator: whether anything fails, whether workers keep up, what a batch costs.",
    rows=(_DOES_ANYTHING_FAIL, _DOES_IT_KEEP_UP, _TRANSACTIONS, _STATE, _PROCESSES),
)
