//! Every key of the configuration, on one page: what it is called, what holds without it, what it means.
//!
//! The table is what unknown keys are measured against and what `patchbay serve --keys` prints, so a key
//! that is read but not listed is refused by its own reader, and the list cannot drift from the code.

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its dotted name, e.g. `jobs.workers`. `[]` stands for an entry of a list of tables.
    pub(crate) name: &'static str,
    /// What holds when nobody says anything, as a person reads it.
    pub(crate) default: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
}

macro_rules! keys {
    ($($name:literal = $default:literal: $meaning:literal;)*) => {
        /// All of them, in the order of the reference.
        pub(crate) const KEYS: &[Key] = &[$(Key { name: $name, default: $default, meaning: $meaning }),*];
    };
}

keys! {
    "listen" = "127.0.0.1:7878": "Address and port of the HTTP API. Port 0 takes a free one.";
    "public_url" = "http:// and the address listened on": "Origin under which browsers and providers reach this host. https, unless it is loopback.";
    "data_dir" = "patchbay-data": "Folder for everything that has no path of its own.";
    "database.path" = "{data_dir}/patchbay.db": "The SQLite database.";
    "database.url" = "none": "Instead of database.path: a database of a PostgreSQL server (14 or newer), which several nodes share, as postgres://NAME:PASSWORD@HOST:5432/DATABASE. A secret: better in its variable than in the file. Every node needs the same key.";
    "database.readers" = "4, or 8 with database.url": "Connections that read.";
    "database.writers" = "8": "Connections that write, with database.url; SQLite has one.";
    "database.cache_mib" = "64": "Memory in which SQLite's writing connection remembers pages, MiB. It fills as the database grows; each reading connection takes 2 more.";
    "key.file" = "{data_dir}/patchbay.key": "The key that seals credentials; made at first start, mode 0600. Keep a copy apart from the database.";
    "key.env" = "none": "Instead of key.file: the variable that holds the text of a key file. Whoever may read the environment of the process has the key.";
    "key.command" = "none": "Instead of key.file: a program and its arguments, which prints the text of a key file within 30 seconds. Run without a shell, with PATH and HOME only.";
    "key.credential" = "none": "Instead of key.file: the name of a systemd credential (LoadCredential=) that holds the text of a key file.";
    "connectors.dir" = "{data_dir}/connectors": "Folder of packaged connectors.";
    "connectors.watch" = "true": "Whether a file dropped there is installed while the host runs.";
    "connectors.unsigned" = "refuse": "Which connectors are taken without a signature: refuse (none), local (uploaded by operators, or from the folder) or all. They are shown as unsigned. A publisher that signs is held to it, whatever stands here.";
    "connectors.upgrades" = "minor": "Which upgrades go ahead by themselves, of those that ask for nothing beyond what was approved: manual (none), minor (within a major version, or a minor one before 1.0) or all. PATCH /v1/connectors/ID says it for one connector.";
    "connectors.retained" = "3": "How many releases of a connector are kept beside the active one, to go back to. One that a connection is pinned to is kept besides.";
    "connectors.ceiling.hosts" = "none": "Hosts that connectors may reach and log in at, whatever is approved: api.example.com, or *.example.com for all below it. Without it, any.";
    "connectors.ceiling.memory_mib" = "none": "Most memory of an instance that can be approved, MiB.";
    "connectors.ceiling.run_minutes" = "none": "Longest run that can be approved, minutes.";
    "connectors.ceiling.push" = "true": "Whether connectors may write at all.";
    "connectors.ceiling.customer_origins" = "any-public": "Addresses of customers' own that can be granted to a connector at most: none, listed (one by one) or any-public.";
    "registries.allowed" = "[]": "Registries that connectors may be fetched from: HOST[:PORT][/PREFIX], e.g. ghcr.io/acme. None unless it is written here.";
    "registries.also" = "[]": "Hosts to which such a registry may send for a token or for the bytes.";
    "registries.plain_http" = "[]": "Registries on this machine that speak no TLS: localhost:PORT. For tries and tests.";
    "registries.login" = "[]": "Who we are where a registry asks.";
    "registries.login[].registry" = "needed": "Its host, with the port where it has one.";
    "registries.login[].user" = "needed": "The name.";
    "registries.login[].password_file" = "none": "A file that holds the password or token, and nothing else.";
    "registries.login[].password_env" = "none": "Instead of password_file: the variable that holds it.";
    "indexes" = "[]": "Signed lists of connectors that are followed. Of several that list one connector, the first speaks for it.";
    "indexes[].name" = "needed": "What you call it: a-z, 0-9 and hyphens.";
    "indexes[].url" = "needed": "Where it is; https.";
    "indexes[].key" = "needed": "The public key that signs it, Base64.";
    "updates.check_minutes" = "60": "How often an index is asked; by one node.";
    "updates.age_hours" = "24": "How long a version has to be public, and known here, before it is taken by itself. connectors.upgrades says which are.";
    "egress.allow_private" = "[]": "Addresses that are not public and may be reached all the same: IP:PORT, an IP or a CIDR range.";
    "egress.allowed_ports" = "[]": "Ports besides 443 that the host's own requests (login, logos) may use; a connector's stand in its manifest.";
    "egress.extra_ca" = "[]": "PEM files of further certificate authorities.";
    "egress.rewrite" = "[]": "For tests and demos: other places to open connections to.";
    "egress.rewrite[].origin" = "needed": "The origin as the manifest names it; `*` is every one that no other entry names.";
    "egress.rewrite[].connect" = "needed": "The origin that is opened instead.";
    "egress.rewrite[].browser" = "none": "The origin that a browser is sent to instead.";
    "egress.connect_seconds" = "5": "Longest wait for a connection.";
    "egress.first_byte_seconds" = "30": "Longest wait for the first byte of an answer.";
    "egress.progress_seconds" = "15": "Longest pause within an answer.";
    "egress.total_seconds" = "120": "Longest whole request.";
    "egress.exchange_seconds" = "15": "Longest request of a login.";
    "egress.idle_seconds" = "60": "How long an unused connection is kept.";
    "jobs.workers" = "8": "Runs and pushes at work at the same time, on this node.";
    "jobs.per_tenant" = "half of jobs.workers, at least 2": "Runs of one tenant at the same time, on all nodes together. 0 is no cap.";
    "jobs.per_connector" = "0": "Runs of one connector at the same time, on all nodes together. 0 is no cap.";
    "jobs.per_connection" = "4": "Runs of one connection at the same time, on all nodes together. 0 is no cap.";
    "jobs.lease_seconds" = "30": "How long a worker that says nothing keeps its run.";
    "jobs.poll_millis" = "1000": "How often the queue is looked at when nothing wakes it.";
    "jobs.shutdown_seconds" = "20": "How long requests and runs in flight may take to end when the host stops.";
    "jobs.settle_seconds" = "3600": "Longest wait before a write whose answer was lost is looked up, whatever a manifest asks.";
    "jobs.settle_again_seconds" = "60": "Time between two look-ups that must agree.";
    "connect.session_minutes" = "30": "How long a connect session may take, from its making to the way back to the application.";
    "connect.completion_minutes" = "10": "How long a new authorisation waits until the application confirms the end user.";
    "refresh.lease_seconds" = "30": "How long one refresh of a credential keeps the others away. At least 6 seconds more than refresh.exchange_seconds.";
    "refresh.exchange_seconds" = "20": "Longest request of a refresh.";
    "refresh.cool_down_seconds" = "30": "Pause after the first refresh that failed; each further one doubles it.";
    "refresh.longest_cool_down_seconds" = "3600": "Longest pause after a refresh that failed.";
    "refresh.failing_days" = "4": "On how many separate days in a row a refresh has to fail before the connection asks for its owner.";
    "refresh.idle_hours" = "24": "How often an unused credential is refreshed where the provider drops idle ones.";
    "limits.body_bytes" = "1048576": "Largest body of an API request.";
    "limits.blob_mib" = "50": "Largest file that an item carries, MiB.";
    "limits.tenant_blob_mib" = "2048": "MiB that all files of one tenant may take up together.";
    "limits.component_bytes" = "67108864": "Largest connector.";
    "limits.connections" = "512": "Connections of API clients open at the same time; the next one waits. Leave descriptors to spare.";
    "limits.instances" = "64": "Connector instances alive at the same time.";
    "limits.memory_mib" = "256": "Ceiling of the memory that a connector may ask for.";
    "limits.call_seconds" = "120": "Longest single call into a connector.";
    "limits.compute_seconds" = "5": "How long one call into a connector may use the processor; waiting is not counted. Beside others it pauses, so `limits.call_seconds` has to be more than three times this.";
    "limits.run_minutes" = "60": "Ceiling of the run time that a connector may ask for.";
    "limits.run_pages" = "10000": "Pages that one run reads; the next run goes on from there.";
    "limits.run_records" = "5000000": "Records that one run reads; the next run goes on from there.";
    "limits.run_mebibytes" = "4096": "MiB that one run receives; the next run goes on from there.";
    "limits.login_minutes" = "10": "How long a started login may take: the life of its `state`.";
    "retention.runs_days" = "30": "How long a run that ended is kept, with its log. The newest runs of each stream are kept whatever their age.";
    "retention.deletions_days" = "90": "How long a deletion stays in the feed. Who reads from an older place has to read everything again.";
    "retention.dead_letters_days" = "30": "How long a record that could not be read is listed.";
    "retention.events_days" = "30": "How long an event and its deliveries are kept: what can be replayed.";
    "retention.blobs_days" = "7": "How long a file is kept after the last item that names it ended. One that no item names is kept for a day.";
    "push.expire_days" = "30": "After how many days an item ends that still waits for a connection, a target or somebody to send it. 0 is never.";
    "webhooks.disable_days" = "5": "After how many days without a success a webhook endpoint is switched off.";
    "log.format" = "text": "text or json.";
    "log.filter" = "info": "What is logged, e.g. info or patchbay_app=debug,info.";
}

/// Whether this is a key, or a section that holds keys.
pub(crate) fn known(name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name)
}

/// The key nearest to a name that is none.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (strsim::jaro_winkler(key.name, name), key.name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

/// The reference, as text for a terminal.
pub(crate) fn reference() -> String {
    let mut text = String::new();
    for key in KEYS {
        let variable = if key.name.contains("[]") { String::new() } else { super::source::variable(key.name) };
        text.push_str(&format!("{}\n    {}\n    default: {}\n", key.name, key.meaning, key.default));
        if !variable.is_empty() {
            text.push_str(&format!("    variable: {variable}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_finds_its_nearest() {
        assert_eq!(nearest("jobs.worker"), Some("jobs.workers"));
        assert_eq!(nearest("publicurl"), Some("public_url"));
        assert_eq!(nearest("database.pat"), Some("database.path"));
        assert_eq!(nearest("zzz"), None);
    }

    #[test]
    fn the_reference_names_every_key_and_its_variable() {
        let text = reference();
        assert!(KEYS.iter().all(|key| text.contains(key.name)));
        assert!(text.contains("PATCHBAY_JOBS__LEASE_SECONDS"));
    }
}
