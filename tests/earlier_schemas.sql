-- The schemas that stores of earlier versions have: what each added to the one before it.

-- = 1 first
CREATE TABLE dataset_items (
    dataset_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    id TEXT NOT NULL,
    input TEXT NOT NULL,
    expected_output TEXT,
    metadata TEXT,
    PRIMARY KEY (dataset_id, position, valid_from)
){without_rowid};
CREATE INDEX dataset_items_by_id ON dataset_items (dataset_id, id);
CREATE TABLE datasets (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    input_schema TEXT,
    expected_output_schema TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE experiments (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    dataset_id TEXT,
    dataset_version BIGINT,
    content_hash TEXT,
    task_name TEXT,
    task_source TEXT,
    fingerprint TEXT,
    item_ids TEXT,
    planned INTEGER NOT NULL,
    repetitions INTEGER NOT NULL,
    evaluators TEXT NOT NULL,
    environment TEXT NOT NULL,
    metadata TEXT NOT NULL,
    owner TEXT,
    heartbeat_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (name, number)
);
CREATE TABLE item_runs (
    experiment_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    repetition INTEGER NOT NULL,
    status TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    latency FLOAT,
    attempts INTEGER NOT NULL,
    output TEXT,
    error TEXT,
    traceback TEXT,
    evaluator_errors TEXT,
    local_item TEXT,
    PRIMARY KEY (experiment_id, item_id, repetition)
){without_rowid};
CREATE TABLE observations (
    trace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    start BIGINT NOT NULL,
    "end" BIGINT NOT NULL,
    error TEXT,
    input TEXT,
    output TEXT,
    attributes TEXT,
    user_id TEXT,
    session_id TEXT,
    tags TEXT,
    metadata TEXT,
    version TEXT,
    release TEXT,
    environment TEXT NOT NULL,
    UNIQUE (trace_id, id)
);
CREATE TABLE score_history (
    id TEXT NOT NULL,
    number FLOAT,
    label TEXT,
    data_type TEXT NOT NULL,
    comment TEXT,
    updated_at BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL
);
CREATE INDEX score_history_by_id ON score_history (id);
CREATE TABLE scores (
    id TEXT NOT NULL,
    trace_id TEXT,
    observation_id TEXT,
    session_id TEXT,
    experiment_id TEXT,
    name TEXT NOT NULL,
    data_type TEXT NOT NULL,
    number FLOAT,
    label TEXT,
    comment TEXT,
    source TEXT NOT NULL,
    author TEXT NOT NULL,
    metadata TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (id)
);
CREATE INDEX scores_by_trace ON scores (trace_id);
CREATE TABLE store_meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);
-- = 1 score_history.metadata
ALTER TABLE score_history ADD COLUMN metadata TEXT;
-- = 1 labels
CREATE TABLE label_events (
    id {counted},
    queue_id TEXT NOT NULL,
    annotator TEXT NOT NULL,
    session TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    action TEXT NOT NULL,
    item_id TEXT NOT NULL,
    repetition INTEGER NOT NULL,
    repeat BOOLEAN NOT NULL,
    trace_id TEXT,
    content_hash TEXT,
    dimension TEXT,
    value TEXT,
    previous TEXT,
    config_id TEXT,
    position INTEGER,
    swapped BOOLEAN,
    blind BOOLEAN NOT NULL,
    carried_from TEXT,
    presented_at BIGINT,
    decided_at BIGINT,
    active_seconds FLOAT,
    tool_version TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (session, sequence)
);
CREATE INDEX label_events_by_log ON label_events (queue_id, annotator, id);
CREATE TABLE label_plans (
    queue_id TEXT NOT NULL,
    annotator TEXT NOT NULL,
    part INTEGER NOT NULL,
    size INTEGER NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (queue_id, annotator, part)
);
CREATE TABLE label_queues (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    experiment_ids TEXT NOT NULL,
    dataset_id TEXT,
    parent_id TEXT,
    rubric_name TEXT NOT NULL,
    config_ids TEXT NOT NULL,
    "order" TEXT NOT NULL,
    team TEXT NOT NULL,
    repeats FLOAT NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE queue_traces (
    queue_id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (queue_id, trace_id)
);
CREATE TABLE score_configs (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name, version)
);
-- = 1 labels by trace
CREATE INDEX label_events_by_trace ON label_events (trace_id);
-- = 2
CREATE TABLE api_keys (
    public_key TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (public_key)
);
CREATE TABLE deliveries (
    remote_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    state TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    payload TEXT,
    remote_key TEXT,
    url TEXT,
    status_code INTEGER,
    said TEXT,
    next_step TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (remote_id, kind, "key")
){without_rowid};
CREATE TABLE outbox (
    id {counted},
    remote_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX outbox_by_remote ON outbox (remote_id, id);
CREATE TABLE prompts (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    prompt TEXT NOT NULL,
    labels TEXT NOT NULL,
    config TEXT,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE push_entries (
    push_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    action TEXT NOT NULL,
    "before" TEXT,
    PRIMARY KEY (push_id, kind, "key")
){without_rowid};
CREATE TABLE pushes (
    id TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    what TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    finished_at BIGINT,
    undone_at BIGINT,
    PRIMARY KEY (id)
);
CREATE TABLE remotes (
    id TEXT NOT NULL,
    api TEXT NOT NULL,
    host TEXT NOT NULL,
    public_key TEXT NOT NULL,
    attached_at BIGINT NOT NULL,
    owner TEXT,
    lease_until BIGINT,
    PRIMARY KEY (id)
);
CREATE TABLE reports (
    id {serial},
    name TEXT NOT NULL,
    experiment_id TEXT,
    is_blueprint BOOLEAN NOT NULL,
    column_names TEXT NOT NULL,
    code TEXT,
    code_language TEXT NOT NULL,
    score FLOAT,
    score_error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
-- = 2 dataset_metadata
CREATE TABLE dataset_metadata (
    dataset_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (dataset_id)
);
-- = 3
CREATE TABLE evaluations (
    experiment_id TEXT NOT NULL,
    evaluator TEXT NOT NULL,
    item_id TEXT NOT NULL,
    repetition INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (experiment_id, evaluator, item_id, repetition)
){without_rowid};
CREATE TABLE judge_answers (
    "key" TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY ("key")
){without_rowid};
CREATE TABLE report_columns (
    id {serial},
    report_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    column_type TEXT NOT NULL,
    configuration TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (report_id, name)
);
CREATE TABLE report_origins (
    report_id INTEGER NOT NULL,
    parent_id INTEGER,
    task_name TEXT,
    comment TEXT,
    PRIMARY KEY (report_id)
);
CREATE INDEX report_origins_by_task ON report_origins (task_name);
CREATE TABLE report_results (
    report_id INTEGER NOT NULL,
    score FLOAT,
    score_matrix TEXT,
    printed TEXT NOT NULL,
    error TEXT,
    error_line INTEGER,
    content_hash TEXT NOT NULL,
    calculated_at BIGINT NOT NULL,
    PRIMARY KEY (report_id)
);
ALTER TABLE reports DROP COLUMN score;
ALTER TABLE reports DROP COLUMN score_error;
-- = 3 report_cards
CREATE TABLE report_cards (
    report_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    timeout FLOAT NOT NULL,
    memory_mb INTEGER NOT NULL,
    PRIMARY KEY (report_id)
);
CREATE INDEX scores_by_experiment ON scores (experiment_id) WHERE experiment_id IS NOT NULL;
-- = 4
CREATE INDEX item_runs_by_trace ON item_runs (trace_id);
CREATE INDEX observations_by_start ON observations (start);
