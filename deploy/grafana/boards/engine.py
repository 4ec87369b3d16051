"""For an operator: whether workers keep up, what a batch costs, what fails."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Query, Row, counted, quantiles

_DOES_IT_KEEP_UP: Final = Row(
    "Does it keep up",
    (
        Panel(
            title="Records",
            description="Input records a second whose transaction was committed, by stage.",
            unit="cps",
            queries=(
                Query(
                    "sum by (stage) (rate(ticker_input_records_total{SEL}[$__rate_interval]))",
                    "{{stage}}",
                ),
            ),
        ),
        Panel(
            title="Lag in records",
            description="Offsets that are committed in the source and not processed yet, by partition.",
            unit="short",
            queries=(
                Query("sum by (stage, partition) (ticker_lag_records{SEL})", "{{stage}} {{partition}}"),
            ),
        ),
        Panel(
            title="Lag in seconds",
            description="How long the oldest record that is not processed yet has been waiting; nothing is shown while"
            " no broker tells.",
            unit="s",
            red_from=60,
            queries=(
                Query("max by (stage, partition) (ticker_lag_seconds{SEL})", "{{stage}} {{partition}}"),
            ),
        ),
        Panel(
            title="Partitions",
            description="Partitions by worker and stage; together they are those of the stage's source.",
            unit="short",
            kind="stacked",
            queries=(
                Query(
                    "sum by (instance, stage) (ticker_assigned_partitions{SEL})",
                    "{{instance}} {{stage}}",
                ),
            ),
        ),
    ),
)

_TRANSACTIONS: Final = Row(
    "Transactions",
    (
        Panel(
            title="Transactions",
            description="Transactions committed a second, by stage: one a batch.",
            unit="cps",
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
            unit="s",
            red_from=5,
            queries=quantiles("ticker_batch_seconds", "stage"),
        ),
        Panel(
            title="Size of a batch",
            description="Records in one transaction, by stage. It grows with the load: that is what makes"
            " a loaded worker faster.",
            unit="short",
            queries=quantiles("ticker_batch_records", "stage"),
        ),
        Panel(
            title="Since the last commit",
            description="Seconds since a transaction of a stage was committed on any worker. Grows while"
            " nothing comes in, too: look at the lag beside it.",
            unit="s",
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
            unit="short",
            kind="stacked",
            queries=(Query("sum by (partition) (ticker_live_headlines{SEL})", "{{partition}}"),),
        ),
        Panel(
            title="Restore",
            description="How long the last opening of a partition took, its state read back.",
            unit="s",
            red_from=60,
            queries=(
                Query(
                    "max by (stage, partition) (ticker_restore_seconds{SEL})",
                    "{{stage}} {{partition}}",
                ),
            ),
        ),
    ),
)

_WHAT_FAILS: Final = Row(
    "What fails",
    (
        Panel(
            title="Dead letters",
            description="Records a minute that could not be processed, by stage and the error at the"
            " bottom of it. They are kept, byte for byte, in the dead letters topic.",
            unit="cpm",
            queries=(
                Query(
                    "60 * (sum by (stage, reason) (rate(ticker_dead_letters_total{SEL}[$__rate_interval]))"
                    " or 0 * sum by (stage) (rate(ticker_input_records_total{SEL}[$__rate_interval])))",
                    "{{stage}} {{reason}}",
                ),
            ),
        ),
        Panel(
            title="Failures tried again",
            description="Batches and openings an hour that failed and were tried again. A rebalance or a"
            " broker's restart makes some; a steady rate is a fault.",
            unit="short",
            queries=(
                Query(
                    counted("ticker_failures_total{SEL}", "1h", "stage, reason")
                    + " or 0 * sum by (stage) (ticker_transactions_total{SEL})",
                    "{{stage}} {{reason}}",
                ),
            ),
        ),
        Panel(
            title="Unaccounted records",
            description="Input less everything that became of it, by stage, and slots less theirs. 0, at"
            " any moment, or something is lost or counted twice.",
            unit="short",
            red_from=1,
            queries=(
                Query(
                    "sum by (stage) (ticker_input_records_total{SEL})"
                    " - sum by (stage) (ticker_records_total{SEL})",
                    "{{stage}}",
                ),
                Query("sum(ticker_slots_total{SEL}) - sum(ticker_slot_outcomes_total{SEL})", "produce"),
            ),
        ),
        Panel(
            title="Offsets lost to retention",
            description="Offsets that retention removed before they were read, in all. Anything but 0 is"
            " lost data.",
            unit="short",
            red_from=1,
            queries=(Query("sum by (stage) (ticker_lost_offsets_total{SEL})", "{{stage}}"),),
        ),
    ),
)

_PROCESSES: Final = Row(
    "Processes",
    (
        Panel(
            title="Processor time",
            description="Cores that each process uses; a worker has one to use.",
            unit="short",
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
        Panel(
            title="Kafka answers",
            description="1 for each program that the brokers answer, 0 for one that waits for them.",
            unit="short",
            queries=(Query("min by (job, instance) (ticker_kafka_up{SEL})", "{{job}} {{instance}}"),),
        ),
        Panel(
            title="Versions",
            description="Processes by program and version: two at once only while an upgrade rolls.",
            unit="short",
            kind="table",
            queries=(
                Query("count by (program, version) (ticker_build_info{SEL})", "{{program}} {{version}}"),
            ),
        ),
        Panel(
            title="Up for",
            description="Time since each process started.",
            unit="s",
            kind="table",
            queries=(Query("time() - process_start_time_seconds{SEL}", "{{job}} {{instance}}"),),
        ),
    ),
)

ENGINE: Final = Board(
    uid="ticker-engine",
    title="Headlines: engine",
    description="For an operator: whether workers keep up, what a batch costs, what fails.",
    rows=(_DOES_IT_KEEP_UP, _TRANSACTIONS, _STATE, _WHAT_FAILS, _PROCESSES),
)
