-- The foundation's tables. Times are microseconds since 1970 (UTC), JSON is text, sealed things are blobs.
-- Ids are the text that the API shows. `no` columns are narrow join keys of the tables that grow.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    no         INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    industry   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The last sequence of the tenant's feed; raised in the transaction that writes the changes.
    seq        INTEGER NOT NULL DEFAULT 0,
    -- Deletions up to this sequence were dropped for their age.
    seq_floor  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Wrapped data keys; owner '' is the deployment itself (its OAuth clients, the audit key). The one that is
-- not retired seals; the others open what has not been sealed again yet.
CREATE TABLE data_keys (
    owner      TEXT NOT NULL,
    -- The 8 bytes at place 1 of everything that was sealed with it.
    number     BLOB NOT NULL,
    wrapped    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (owner, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX data_keys_current ON data_keys (owner) WHERE retired_at IS NULL;

CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    tenant       TEXT REFERENCES tenants (id),
    hash         BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX api_keys_of_tenant ON api_keys (tenant);

-- What opens a browser session, once: an address that somebody was given.
CREATE TABLE sign_in_tokens (
    token_hash BLOB PRIMARY KEY,
    -- The id that the session will have.
    session    TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    -- Printed at a start; void once an operator signed in.
    first_run  INTEGER NOT NULL,
    -- The key by which it was asked for: it and the session end with it.
    api_key    TEXT REFERENCES api_keys (id),
    tenant     TEXT REFERENCES tenants (id),
    end_user   TEXT,
    name       TEXT,
    language   TEXT,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_tokens_expiry ON sign_in_tokens (expires_at);

-- Browsers that are signed in: operators', and tenant users' in the portal.
CREATE TABLE browser_sessions (
    id          TEXT PRIMARY KEY,
    cookie_hash BLOB NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    api_key     TEXT REFERENCES api_keys (id),
    tenant      TEXT REFERENCES tenants (id),
    end_user    TEXT,
    name        TEXT,
    language    TEXT,
    created_at  INTEGER NOT NULL,
    -- To the minute.
    used_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;
CREATE INDEX browser_sessions_expiry ON browser_sessions (expires_at);

CREATE TABLE releases (
    id         TEXT PRIMARY KEY,
    connector  TEXT NOT NULL,
    version    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    contract   TEXT NOT NULL,
    manifest   TEXT NOT NULL,
    asks       TEXT NOT NULL,
    -- The publisher's key that signed it; null for an unsigned one.
    signed_by  TEXT,
    -- upload, folder, or the reference with its digest.
    source     TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT,
    created_at INTEGER NOT NULL,
    state_at   INTEGER NOT NULL,
    -- When new runs began to use it last, and who said so.
    activated_at INTEGER,
    activated_by TEXT,
    -- Since when another one is used because somebody, or the host, went back from it.
    set_back_at INTEGER,
    -- It trapped again and again and there was none to go back to: until when no run of it begins. From then on one at a
    -- time, until one ends well (null).
    rest_until INTEGER,
    UNIQUE (connector, version),
    UNIQUE (connector, digest)
) STRICT;
CREATE UNIQUE INDEX releases_one_active ON releases (connector) WHERE state = 'active';

CREATE TABLE approvals (
    no          INTEGER PRIMARY KEY,
    release     TEXT NOT NULL REFERENCES releases (id),
    connector   TEXT NOT NULL,
    digest      TEXT NOT NULL,
    asks        TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    -- It holds for its release alone, while one connection tries that.
    for_trial   INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX approvals_of_connector ON approvals (connector, no);

-- Keys of publishers: trusted ones, and those that were only seen (trusted_at is null).
CREATE TABLE publisher_keys (
    publisher   TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    seen_at     INTEGER NOT NULL,
    trusted_at  INTEGER,
    trusted_by  TEXT,
    revoked_at  INTEGER,
    revoked_by  TEXT,
    PRIMARY KEY (publisher, fingerprint)
) STRICT, WITHOUT ROWID;

-- Which upgrades of a connector go ahead by themselves, where that is not left to the configuration.
CREATE TABLE upgrade_policies (
    connector  TEXT PRIMARY KEY,
    upgrades   TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- What an operator grants to a connector beyond its releases' asks.
CREATE TABLE grants (
    connector        TEXT PRIMARY KEY,
    customer_origins TEXT NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;

-- What an operator corrects of a connector's configuration: JSON that is laid over the manifest's defaults. A correction
-- that was taken back stays as an empty one, so that a revision never stands for two.
CREATE TABLE corrections (
    connector  TEXT PRIMARY KEY,
    config     TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

-- A retired registration is kept for the connections that were made with it.
CREATE TABLE oauth_clients (
    id          TEXT PRIMARY KEY,
    connector   TEXT NOT NULL,
    tenant      TEXT REFERENCES tenants (id),
    client_id   TEXT NOT NULL,
    secret      BLOB,
    row_version INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    retired_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX oauth_clients_one ON oauth_clients (connector, coalesce(tenant, '')) WHERE retired_at IS NULL;
CREATE INDEX oauth_clients_by_number ON oauth_clients (connector, client_id);

-- Where a tenant's end users may be sent after a connect.
CREATE TABLE return_addresses (
    id         TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL REFERENCES tenants (id),
    name       TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX return_addresses_of_tenant ON return_addresses (tenant, id);

-- How a tenant looks to its own people and end users; what is not set is the host's own.
CREATE TABLE brands (
    tenant      TEXT PRIMARY KEY REFERENCES tenants (id),
    name        TEXT,
    -- `#rrggbb`
    accent      TEXT,
    -- SHA-256 of the picture, by which everybody may ask for it.
    logo_digest TEXT,
    logo_kind   TEXT,
    logo        BLOB,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX brands_logo ON brands (logo_digest);

CREATE TABLE connect_sessions (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL REFERENCES tenants (id),
    token_hash   BLOB NOT NULL UNIQUE,
    end_user     TEXT NOT NULL,
    connectors   TEXT NOT NULL,
    auth         TEXT,
    name         TEXT,
    connection   TEXT,
    return_to    TEXT,
    language     TEXT,
    -- Whether the tenant's backend has to redeem the completion code.
    verification INTEGER NOT NULL,
    -- The browser session of the portal that made it: the one that completes it.
    portal       TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    -- When the first browser opened it.
    used_at      INTEGER,
    browser_hash BLOB,
    authorised_at INTEGER,
    made         TEXT,
    code         TEXT,
    -- Logins in it that did not work, so that a page that waits notices the next one.
    failures     INTEGER NOT NULL DEFAULT 0,
    ended_at     INTEGER
) STRICT;
CREATE INDEX connect_sessions_expiry ON connect_sessions (expires_at);

CREATE TABLE attempts (
    state_hash  BLOB PRIMARY KEY,
    session     TEXT,
    tenant      TEXT NOT NULL REFERENCES tenants (id),
    connector   TEXT NOT NULL,
    release     TEXT NOT NULL REFERENCES releases (id),
    client      TEXT,
    auth        TEXT NOT NULL,
    verifier    BLOB,
    row_version INTEGER NOT NULL,
    cookie_hash BLOB,
    reconnect   TEXT,
    name        TEXT,
    facts       TEXT NOT NULL,
    -- Whether the provider's pages were opened in a window of their own.
    own_window  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_expiry ON attempts (expires_at);

-- What a login brought, until the tenant's backend says for whom: at most one for each session.
CREATE TABLE pending_authorisations (
    session        TEXT PRIMARY KEY REFERENCES connect_sessions (id),
    tenant         TEXT NOT NULL REFERENCES tenants (id),
    connection     TEXT NOT NULL,
    new_connection INTEGER NOT NULL,
    connector      TEXT NOT NULL,
    release        TEXT NOT NULL REFERENCES releases (id),
    client         TEXT,
    auth           TEXT NOT NULL,
    facts          TEXT NOT NULL,
    identity       TEXT NOT NULL,
    business_id    TEXT NOT NULL,
    business_name  TEXT NOT NULL,
    login          TEXT,
    name           TEXT,
    reconnect      TEXT,
    sealed         BLOB NOT NULL,
    row_version    INTEGER NOT NULL,
    -- Whether the provider can be told to end it without ending anything else.
    revocable      INTEGER NOT NULL,
    code_hash      BLOB,
    actor          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_authorisations_expiry ON pending_authorisations (expires_at);
CREATE INDEX pending_authorisations_of_connection ON pending_authorisations (connection);
CREATE INDEX pending_authorisations_of_business ON pending_authorisations (business_id);

CREATE TABLE connections (
    id            TEXT PRIMARY KEY,
    tenant        TEXT NOT NULL REFERENCES tenants (id),
    connector     TEXT NOT NULL,
    release       TEXT REFERENCES releases (id),
    client        TEXT,
    auth          TEXT NOT NULL,
    business_id   TEXT NOT NULL,
    business_name TEXT NOT NULL,
    login         TEXT,
    facts         TEXT NOT NULL,
    settings      TEXT NOT NULL,
    -- Functions that are switched off, a JSON list of words.
    off           TEXT NOT NULL DEFAULT '[]',
    name          TEXT NOT NULL,
    state         TEXT NOT NULL,
    enabled       INTEGER NOT NULL,
    reason_code   TEXT,
    reason        TEXT,
    -- Whether the tenant's backend said for whom it is.
    verified      INTEGER NOT NULL DEFAULT 0,
    -- Whether its records were kept when it was deleted.
    keeps_records INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    authorized_at INTEGER NOT NULL,
    identified_at INTEGER NOT NULL,
    -- Until when the provider asked to be left alone.
    paused_until  INTEGER,
    -- When its streams were discovered last, and when they are to be discovered again.
    discovered_at INTEGER,
    discover_at   INTEGER,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX connections_one_business ON connections (tenant, connector, business_id) WHERE state <> 'deleted';
CREATE INDEX connections_by_id ON connections (tenant, id) WHERE state <> 'deleted';
CREATE INDEX connections_by_name ON connections (tenant, lower(name), id) WHERE state <> 'deleted';
-- Which other connections share a grant at the provider, and which are due to be identified again.
CREATE INDEX connections_by_client ON connections (client, business_id) WHERE state <> 'deleted' AND client IS NOT NULL;
CREATE INDEX connections_by_identity ON connections (identified_at) WHERE state = 'active' AND enabled;
CREATE INDEX connections_by_update ON connections (tenant, updated_at, id) WHERE state <> 'deleted';
CREATE INDEX connections_by_connector ON connections (tenant, connector, id) WHERE state <> 'deleted';
CREATE INDEX connections_by_business ON connections (tenant, business_id, id) WHERE state <> 'deleted';
CREATE INDEX connections_by_business_name ON connections (tenant, lower(business_name), id) WHERE state <> 'deleted';
CREATE INDEX connections_by_authorisation ON connections (tenant, authorized_at, id) WHERE state <> 'deleted';
CREATE INDEX connections_to_discover ON connections (discover_at) WHERE discover_at IS NOT NULL;

CREATE TABLE credentials (
    connection          TEXT PRIMARY KEY REFERENCES connections (id),
    sealed              BLOB NOT NULL,
    row_version         INTEGER NOT NULL,
    generation          INTEGER NOT NULL DEFAULT 1,
    refresh_epoch       INTEGER NOT NULL DEFAULT 0,
    refresh_lease_until INTEGER,
    refresh_intent_at   INTEGER,
    -- When it is refreshed without being used; none for one that is refreshed on use only.
    next_refresh_at     INTEGER,
    -- On how many days in a row a refresh failed, and the last of them (days since 1970, UTC).
    failing_days        INTEGER NOT NULL DEFAULT 0,
    failed_day          INTEGER,
    updated_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX credentials_due ON credentials (next_refresh_at) WHERE next_refresh_at IS NOT NULL;
CREATE INDEX credentials_leased ON credentials (refresh_lease_until) WHERE refresh_lease_until IS NOT NULL;

-- A release that one connection runs before all others do. While it does, that connection is pinned to it.
CREATE TABLE canaries (
    release    TEXT PRIMARY KEY REFERENCES releases (id),
    connector  TEXT NOT NULL UNIQUE,
    connection TEXT NOT NULL UNIQUE REFERENCES connections (id),
    tenant     TEXT NOT NULL,
    -- How many runs have to end well.
    wanted     INTEGER NOT NULL,
    -- Whether it becomes active by itself then.
    promotes   INTEGER NOT NULL,
    -- What the connection was pinned to before.
    pinned     TEXT,
    -- How the syncs of the connection failed before it, JSON: code by sync. What the release before had, too, ends nothing.
    known      TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How work of releases ended that are looked at: each trap; and whatever a canary did, or one that is tried again after a rest.
CREATE TABLE release_ends (
    no         INTEGER PRIMARY KEY,
    release    TEXT NOT NULL,
    connection TEXT NOT NULL,
    -- The run or the push, and the sync or the action that it was of.
    work       TEXT NOT NULL,
    part       TEXT NOT NULL,
    -- well, badly, trapped
    ending     TEXT NOT NULL,
    code       TEXT,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX release_ends_of_release ON release_ends (release, at);
CREATE INDEX release_ends_by_age ON release_ends (at);

-- Fresh tokens whose fenced write lost: sealed, never dropped, tried newest first.
CREATE TABLE lost_tokens (
    no         INTEGER PRIMARY KEY,
    connection TEXT NOT NULL REFERENCES connections (id),
    sealed     BLOB NOT NULL,
    row_version INTEGER NOT NULL,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX lost_tokens_of_connection ON lost_tokens (connection, no);

-- What is to be revoked at the provider: our last copy, destroyed when that is done or given up. Sealed to
-- the place it was copied from. The connection it was of may be gone.
CREATE TABLE revocations (
    no          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL REFERENCES tenants (id),
    connection  TEXT NOT NULL,
    connector   TEXT NOT NULL,
    release     TEXT NOT NULL REFERENCES releases (id),
    client      TEXT,
    auth        TEXT NOT NULL,
    facts       TEXT NOT NULL,
    business_id TEXT NOT NULL,
    login       TEXT,
    subject     TEXT NOT NULL,
    field       TEXT NOT NULL,
    row_version INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_due ON revocations (next_at);

CREATE TABLE accounts (
    id          TEXT PRIMARY KEY,
    connection  TEXT NOT NULL REFERENCES connections (id),
    provider_id TEXT NOT NULL,
    name        TEXT NOT NULL,
    usable      INTEGER NOT NULL,
    note        TEXT,
    facts       TEXT NOT NULL,
    selected    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (connection, provider_id)
) STRICT;

CREATE INDEX accounts_usable ON accounts (connection) WHERE usable;

CREATE TABLE syncs (
    no              INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    tenant          TEXT NOT NULL REFERENCES tenants (id),
    connection      TEXT NOT NULL REFERENCES connections (id),
    -- The account's provider id; '' where the stream is read once per connection.
    account         TEXT NOT NULL,
    stream          TEXT NOT NULL,
    -- When it is read, JSON; whether the tenant said so (else the manifest did); and how far apart slots lie.
    schedule        TEXT NOT NULL,
    custom          INTEGER NOT NULL DEFAULT 0,
    every           INTEGER NOT NULL,
    enabled         INTEGER NOT NULL,
    -- Read for a picker, whether it is extracted or not.
    picked          INTEGER NOT NULL DEFAULT 0,
    cursor          BLOB,
    cursor_release  TEXT,
    pass            INTEGER NOT NULL DEFAULT 1,
    pass_started_at INTEGER,
    waits           INTEGER NOT NULL DEFAULT 0,
    -- Whether the cursor is where a run came to its end.
    at_end          INTEGER NOT NULL DEFAULT 0,
    -- From when on a pass reads that was asked for as a backfill, milliseconds; such a pass deletes nothing.
    since           INTEGER,
    -- Records of this pass that could not be read; such a pass deletes nothing either.
    refused         INTEGER NOT NULL DEFAULT 0,
    -- What fields its records have had, JSON.
    shape           TEXT,
    -- Its stream was discovered: the manifest does not name it.
    discovered      INTEGER NOT NULL DEFAULT 0,
    -- Since when the provider does not have its stream any more.
    gone_at         INTEGER,
    -- Its connection was deleted with its records: those behind this key are still to be turned into deletions.
    bury            TEXT,
    -- It is, or was, read for a picker only: records behind this key are in no list, no export and no feed.
    unseen          TEXT,
    -- Slots that were made up for by a later one.
    coalesced       INTEGER NOT NULL DEFAULT 0,
    records         INTEGER NOT NULL DEFAULT 0,
    held            INTEGER,
    held_pass       INTEGER,
    next_due_at     INTEGER,
    last_run        TEXT,
    last_state      TEXT,
    last_code       TEXT,
    last_person     TEXT,
    last_ended_at   INTEGER,
    -- Whether the tenant was told that its runs fail; until one does not.
    failing         INTEGER NOT NULL DEFAULT 0,
    last_success_at INTEGER,
    created_at      INTEGER NOT NULL,
    UNIQUE (connection, account, stream)
) STRICT;
CREATE INDEX syncs_due ON syncs (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX syncs_of_tenant ON syncs (tenant);
-- What makes a card a warning: all but empty where things go well.
CREATE INDEX syncs_in_trouble ON syncs (tenant, connection) WHERE enabled AND last_state IN ('failed', 'stalled', 'held');
CREATE INDEX syncs_late ON syncs (tenant, (coalesce(last_success_at, created_at) + 3 * every), connection) WHERE enabled;
CREATE INDEX syncs_to_show ON syncs (no) WHERE unseen IS NOT NULL;
CREATE INDEX syncs_to_bury ON syncs (no) WHERE bury IS NOT NULL;

-- What a connector says of the streams of a connection: those that only the connection can name, and of those that the
-- manifest names (`declared`) their schema.
CREATE TABLE discovered (
    connection  TEXT NOT NULL REFERENCES connections (id),
    name        TEXT NOT NULL,
    title       TEXT NOT NULL,
    -- JSON pointers, a JSON list.
    key         TEXT NOT NULL,
    -- JSON Schema of a record.
    schema      TEXT,
    per_account INTEGER NOT NULL,
    declared    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    gone_at     INTEGER,
    PRIMARY KEY (connection, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id          TEXT PRIMARY KEY,
    sync        TEXT NOT NULL REFERENCES syncs (id),
    tenant      TEXT NOT NULL,
    connection  TEXT NOT NULL,
    connector   TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL,
    "trigger"   TEXT NOT NULL,
    epoch       INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    attempts    INTEGER NOT NULL DEFAULT 0,
    deaths      INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    started_at  INTEGER,
    ended_at    INTEGER,
    cancel_at   INTEGER,
    code        TEXT,
    person      TEXT,
    operator    TEXT,
    pages       INTEGER NOT NULL DEFAULT 0,
    records     INTEGER NOT NULL DEFAULT 0,
    changed     INTEGER NOT NULL DEFAULT 0,
    deleted     INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    requests    INTEGER NOT NULL DEFAULT 0,
    retries     INTEGER NOT NULL DEFAULT 0,
    waited      INTEGER NOT NULL DEFAULT 0,
    refused     INTEGER NOT NULL DEFAULT 0,
    -- Which limit ended it.
    budget      TEXT,
    -- The node that claimed it last.
    node        TEXT,
    release     TEXT
) STRICT;
-- At most one open run of a sync, whoever asks for it.
CREATE UNIQUE INDEX runs_one_open ON runs (sync) WHERE state IN ('due', 'running');
CREATE INDEX runs_due ON runs (next_at) WHERE state = 'due';
CREATE INDEX runs_due_of_tenant ON runs (tenant, next_at) WHERE state = 'due';
CREATE INDEX runs_due_of_connection ON runs (connection) WHERE state = 'due';
CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_ended_of_tenant ON runs (tenant, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_leased ON runs (lease_until) WHERE state = 'running';
CREATE INDEX runs_of_sync ON runs (sync, id);
CREATE INDEX runs_of_connection ON runs (connection, id);
CREATE INDEX runs_of_tenant ON runs (tenant, id);

-- The records and the feed are one table: a row stands at the place of its last change,
-- seq = tenants.no * 2^40 + the tenant's sequence. A change moves the row to the end, so a reader of the feed
-- gets every record at its newest state and the content is written once. A deleted record stays as a
-- row without content. No foreign key to syncs: it would cost a look-up per record; whoever removes a
-- sync removes its records.
CREATE TABLE records (
    seq        INTEGER PRIMARY KEY,
    sync_no    INTEGER NOT NULL,
    pass       INTEGER NOT NULL,
    -- 1 for a record that was not there; raised with every change of its content.
    revision   INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    key        TEXT NOT NULL,
    content    TEXT
) STRICT;
CREATE UNIQUE INDEX records_key ON records (sync_no, key);
CREATE INDEX records_gone ON records (updated_at) WHERE content IS NULL;

CREATE TABLE pushes (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL REFERENCES tenants (id),
    connection   TEXT REFERENCES connections (id),
    connector    TEXT NOT NULL,
    action       TEXT NOT NULL,
    key          TEXT NOT NULL,
    target       TEXT NOT NULL,
    payload      TEXT NOT NULL,
    attachments  TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    -- Raised when the same key comes with other content and the action takes that for a change.
    revision     INTEGER NOT NULL DEFAULT 1,
    -- What it came from at the caller: one event has a report, notes and to-dos.
    source       TEXT,
    -- One after the other among those of its connection with the same lane; null for one that waits for nobody.
    lane         TEXT,
    -- Its place in the lane.
    queued_at    INTEGER NOT NULL,
    -- Sent only when somebody says so.
    on_demand    INTEGER NOT NULL DEFAULT 0,
    -- When it ends as expired if it still waits.
    expires_at   INTEGER,
    -- How often it was looked for since its answer was lost.
    looks        INTEGER NOT NULL DEFAULT 0,
    state        TEXT NOT NULL,
    result       TEXT,
    object_id    TEXT,
    object_url   TEXT,
    code         TEXT,
    person       TEXT,
    operator     TEXT,
    fields       TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- Workers that died on the present attempt, one after the other.
    deaths       INTEGER NOT NULL DEFAULT 0,
    epoch        INTEGER NOT NULL DEFAULT 0,
    lease_until  INTEGER,
    next_at      INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    UNIQUE (tenant, connector, action, key)
) STRICT;
CREATE INDEX pushes_due ON pushes (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX pushes_leased ON pushes (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX pushes_unknown ON pushes (tenant, connection) WHERE state = 'unknown';
CREATE INDEX pushes_ended ON pushes (tenant, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX pushes_waiting ON pushes (tenant, connector) WHERE state = 'waiting';
CREATE INDEX pushes_of_tenant ON pushes (tenant, id);
CREATE INDEX pushes_of_connection ON pushes (connection, id);
CREATE INDEX pushes_of_source ON pushes (tenant, source, id) WHERE source IS NOT NULL;
CREATE INDEX pushes_in_lane ON pushes (connection, lane, state, queued_at, id) WHERE lane IS NOT NULL AND ended_at IS NULL;
CREATE INDEX pushes_due_of_connection ON pushes (connection, next_at, lane, id) WHERE next_at IS NOT NULL;
CREATE INDEX pushes_to_expire ON pushes (expires_at) WHERE state = 'waiting' AND expires_at IS NOT NULL;

-- Each state that a push came to, for whoever asks what happened to it.
CREATE TABLE push_moves (
    no     INTEGER PRIMARY KEY,
    push   TEXT NOT NULL REFERENCES pushes (id),
    at     INTEGER NOT NULL,
    state  TEXT NOT NULL,
    code   TEXT,
    -- Whose word it was; the host's own moves have none.
    actor  TEXT
) STRICT;
CREATE INDEX push_moves_of_push ON push_moves (push, no);

CREATE TABLE push_steps (
    push         TEXT NOT NULL REFERENCES pushes (id),
    revision     INTEGER NOT NULL DEFAULT 1,
    step         TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    state        TEXT NOT NULL,
    status       INTEGER,
    headers      TEXT,
    body         BLOB,
    -- Whether the body that is kept is the whole.
    whole        INTEGER NOT NULL DEFAULT 1,
    -- When the bytes that may be there first left, however often they were repeated since.
    first_sent_at INTEGER NOT NULL,
    sent_at      INTEGER NOT NULL,
    answered_at  INTEGER,
    lost_at      INTEGER,
    absent_at    INTEGER,
    -- How often it was opened again because the provider does not have it.
    reopened     INTEGER NOT NULL DEFAULT 0,
    -- What was found at the provider, where its answer was lost and other steps follow.
    object_id    TEXT,
    object_url   TEXT,
    PRIMARY KEY (push, revision, step)
) STRICT;

-- Files of a tenant, uploaded once and named by pushes. An upload that did not end has no hash.
CREATE TABLE blobs (
    no         INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    tenant     TEXT NOT NULL REFERENCES tenants (id),
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL DEFAULT 0,
    sha256     BLOB,
    -- When it goes; null while a push that has not ended names it.
    expires_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX blobs_of_tenant ON blobs (tenant, id, size);
CREATE INDEX blobs_in_use ON blobs (id) WHERE expires_at IS NULL;
CREATE INDEX blobs_to_expire ON blobs (expires_at) WHERE expires_at IS NOT NULL;

-- Pieces of 256 KiB, the last one shorter.
CREATE TABLE blob_pieces (
    blob_no INTEGER NOT NULL,
    no      INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (blob_no, no)
) STRICT;

-- Which pushes name which files.
CREATE TABLE push_blobs (
    push TEXT NOT NULL REFERENCES pushes (id),
    blob TEXT NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (push, blob)
) STRICT;
CREATE INDEX push_blobs_of_blob ON push_blobs (blob);

-- Each line's hash covers the one before (`meta.audit_head` has the newest), so none can be changed, taken
-- out or put in without the key.
CREATE TABLE audit (
    no      INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    at      INTEGER NOT NULL,
    tenant  TEXT,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    BLOB NOT NULL
) STRICT;
CREATE INDEX audit_of_tenant ON audit (tenant, no);
CREATE INDEX audit_of_subject ON audit (subject, no);

-- What a connector said during a run, and the host about it: so many lines of each run.
CREATE TABLE run_logs (
    run     TEXT NOT NULL REFERENCES runs (id),
    no      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    level   INTEGER NOT NULL,
    message TEXT NOT NULL,
    fields  TEXT NOT NULL,
    PRIMARY KEY (run, no)
) STRICT;

-- Records that could not be read, each content once.
CREATE TABLE dead_letters (
    no       INTEGER PRIMARY KEY,
    tenant   TEXT NOT NULL REFERENCES tenants (id),
    sync_no  INTEGER NOT NULL,
    run      TEXT NOT NULL,
    key      TEXT,
    hash     BLOB NOT NULL,
    reason   TEXT NOT NULL,
    excerpt  TEXT NOT NULL,
    times    INTEGER NOT NULL DEFAULT 1,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    UNIQUE (sync_no, hash)
) STRICT;
CREATE INDEX dead_letters_by_age ON dead_letters (last_at);

-- Fields that a stream's records did not have before, and other kinds of value in old ones.
CREATE TABLE drifts (
    no      INTEGER PRIMARY KEY,
    tenant  TEXT NOT NULL REFERENCES tenants (id),
    sync_no INTEGER NOT NULL,
    run     TEXT NOT NULL,
    path    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX drifts_of_sync ON drifts (sync_no, no);
CREATE INDEX drifts_by_age ON drifts (at);

-- What happened, for whoever wants to be told: written in the transaction in which it happened.
CREATE TABLE events (
    no      INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    tenant  TEXT NOT NULL REFERENCES tenants (id),
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    data    TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX events_of_tenant ON events (tenant, id);
CREATE INDEX events_in_order ON events (tenant, no);
CREATE INDEX events_by_age ON events (at);

-- Where a tenant is told what happened.
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY,
    tenant          TEXT NOT NULL REFERENCES tenants (id),
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    -- Kinds of events, a JSON list; an empty one stands for all.
    kinds           TEXT NOT NULL,
    enabled         INTEGER NOT NULL,
    disabled_reason TEXT,
    -- Since when nothing reaches it.
    failing_since   INTEGER,
    last_status     INTEGER,
    last_success_at INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_of_tenant ON webhooks (tenant, id);

-- Its signing secrets, sealed; one without an end is the present one, another signs besides until its end.
CREATE TABLE webhook_secrets (
    webhook     TEXT NOT NULL REFERENCES webhooks (id),
    no          INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    row_version INTEGER NOT NULL,
    ends_at     INTEGER,
    PRIMARY KEY (webhook, no)
) STRICT;

-- One event for one endpoint.
CREATE TABLE deliveries (
    no          INTEGER PRIMARY KEY,
    webhook     TEXT NOT NULL REFERENCES webhooks (id),
    event       TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    -- due, sending, done, failed
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    epoch       INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    next_at     INTEGER,
    last_status INTEGER,
    last_error  TEXT,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    UNIQUE (webhook, event)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (webhook, next_at, no) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (webhook, lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_failed ON deliveries (ended_at) WHERE state = 'failed';
CREATE INDEX deliveries_of_webhook ON deliveries (webhook, no);
CREATE INDEX deliveries_of_event ON deliveries (event);

-- Hosts of providers that are left alone for a while, as the nodes tell each other.
CREATE TABLE breakers (
    tenant     TEXT NOT NULL,
    origin     TEXT NOT NULL,
    failures   INTEGER NOT NULL,
    opened     INTEGER NOT NULL,
    open_until INTEGER,
    last_error TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, origin)
) STRICT, WITHOUT ROWID;

-- How the nodes do, by their own word.
CREATE TABLE nodes (
    node         TEXT PRIMARY KEY,
    started_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    running      INTEGER NOT NULL,
    claimed      INTEGER NOT NULL,
    late_p99_ms  INTEGER,
    stale_writes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What gates refused in each hour since 1970, of a day; connector '' is the host itself.
CREATE TABLE refusals (
    code      TEXT NOT NULL,
    connector TEXT NOT NULL,
    hour      INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (code, connector, hour)
) STRICT, WITHOUT ROWID;

-- The bytes of installed components, in pieces, where several nodes share the database.
CREATE TABLE component_pieces (
    digest TEXT NOT NULL,
    no     INTEGER NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (digest, no)
) STRICT;

-- Lists of connectors that are followed, as they were read last. Whoever moves next_at forward asks.
CREATE TABLE indexes (
    name       TEXT PRIMARY KEY,
    -- The key that it is believed from; another one begins anew.
    key        TEXT NOT NULL,
    -- The highest that was believed.
    serial     INTEGER NOT NULL,
    etag       TEXT,
    -- What it said then.
    body       TEXT,
    expires_at INTEGER,
    checked_at INTEGER,
    next_at    INTEGER NOT NULL,
    problem    TEXT
) STRICT;

-- Since when each version is known, whatever an index says of its age.
CREATE TABLE index_versions (
    index_name    TEXT NOT NULL,
    connector     TEXT NOT NULL,
    version       TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    PRIMARY KEY (index_name, connector, version, sha256)
) STRICT, WITHOUT ROWID;
