//! Which keys a definition has. Shape checks, the JSON Schema of `[config]` and the reference in the README are all
//! made of this one table, so none of them can lag behind.

/// What a key holds.
pub(crate) enum Kind {
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from, to.
    Whole(u64, u64),
    Flag,
    Texts,
    /// HTTP statuses.
    Statuses,
    /// A table of texts whose keys are the author's.
    TextsByName,
    /// Any value.
    Any,
    Table(&'static [Key]),
    Tables(&'static [Key]),
}

/// One key of a table.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) needed: bool,
    pub(crate) kind: Kind,
    /// For the reference.
    pub(crate) what: &'static str,
}

const fn needed(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, needed: true, kind, what }
}

const fn may(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, needed: false, kind, what }
}

/// What an answer means; section 9 of the sheet.
pub(crate) const MEANINGS: &[&str] = &[
    "credentials-invalid",
    "permission-missing",
    "precondition",
    "not-found",
    "validation",
    "conflict",
    "already-exists",
    "throttled",
    "outage",
    "reset-cursor",
    "empty",
    "unknown",
];

/// The document.
pub(crate) const DEFINITION: &[Key] = &[
    needed("definition", Kind::Whole(1, 1), "version of this format: `1`"),
    needed(
        "base-url",
        Kind::Text,
        "what all paths follow: `https://api.example.com/v1`; a field of type `subdomain` may be the first label of its host, a field of type `origin` all of it before the path",
    ),
    may("no-credential", Kind::Texts, "ids of the manifest's `[[auth]]` with which requests carry no credential"),
    may("headers", Kind::TextsByName, "headers of every request, with placeholders"),
    needed("ping", Kind::Table(PING), "the request that proves the credential and says whose it is"),
    may("accounts", Kind::Table(ACCOUNTS), "the list of accounts, for an API with several for one credential"),
    may("rate", Kind::Table(RATE), "how the API says *not now*, besides 429 and 503"),
    may("errors", Kind::Table(ERRORS), "what answers mean, where statuses alone do not say it"),
    may("stream", Kind::Tables(STREAM), "what is read; each as a `[[stream]]` of the manifest too"),
    may("action", Kind::Tables(ACTION), "what is written; each as an `[[action]]` of the manifest too"),
];

pub(crate) const PING: &[Key] = &[
    needed("path", Kind::Text, "a GET that any good credential may send"),
    may("query", Kind::TextsByName, "its parameters"),
    may("account", Kind::Table(OWNER), "pointers into its answer"),
];

pub(crate) const OWNER: &[Key] = &[
    may(
        "id",
        Kind::Text,
        "pointer to what names the account for ever; left out, one is made of the base address and the fields that are no secret",
    ),
    may("name", Kind::Text, "pointer to what people call it"),
    may("login", Kind::Text, "pointer to the e-mail address or login behind the credential"),
];

pub(crate) const ACCOUNTS: &[Key] = &[
    needed("path", Kind::Text, "the list"),
    may("query", Kind::TextsByName, "its parameters"),
    may("records", Kind::Text, "pointer to its rows; `\"\"` (when left out) when the answer is the list"),
    needed("id", Kind::Text, "pointer into a row: what `{account}` is"),
    needed("name", Kind::Text, "pointer into a row: what people call it"),
    may("status", Kind::Text, "pointer into a row: its status"),
    may("usable", Kind::Texts, "values of `status` with which it can be read; all when left out"),
    may("paging", Kind::Table(PAGING), "as in a stream"),
];

pub(crate) const RATE: &[Key] = &[
    may("throttle-status", Kind::Statuses, "statuses that mean *throttled* when nothing is left: `[403]`"),
    may(
        "remaining",
        Kind::Texts,
        "headers that say how much is left; `ratelimit-remaining` and `x-ratelimit-remaining` when left out",
    ),
    may(
        "reset",
        Kind::Texts,
        "headers that say when it starts afresh (seconds, Unix seconds or milliseconds, told apart by their size); `ratelimit-reset` and `x-ratelimit-reset` when left out",
    ),
];

pub(crate) const ERRORS: &[Key] = &[
    may(
        "message",
        Kind::Texts,
        "pointers to what the API says to people; the first that is a text is shown. `title` and `detail` of problem details (RFC 9457) when none is",
    ),
    may("code", Kind::Text, "pointer to the API's own code"),
    may("fields", Kind::Text, "pointer to an object of wrong fields and what is wrong with each"),
    may("in-body", Kind::Tables(IN_BODY), "errors inside a success status"),
    may("map", Kind::Tables(MAP), "other meanings of statuses; the first that fits holds"),
];

pub(crate) const IN_BODY: &[Key] = &[
    needed("pointer", Kind::Text, "where it stands"),
    may("equals", Kind::Any, "what it says then; left out: that it is there and neither null nor false"),
    may("as", Kind::Word(MEANINGS), "what it means; `validation` when left out"),
];

pub(crate) const MAP: &[Key] = &[
    needed("status", Kind::Whole(200, 599), "the status"),
    may("pointer", Kind::Text, "only where this stands in the answer"),
    may("equals", Kind::Any, "and says this"),
    needed("as", Kind::Word(MEANINGS), "what it means"),
];

pub(crate) const STREAM: &[Key] = &[
    needed("name", Kind::Text, "as in the manifest"),
    may("method", Kind::Word(&["GET", "POST"]), "`GET` when left out; a `POST` is a search that changes nothing"),
    needed("path", Kind::Text, "after the base address, with placeholders"),
    may("query", Kind::TextsByName, "parameters, with placeholders; one without a value is left out"),
    may("headers", Kind::TextsByName, "headers of this stream's requests"),
    may("body", Kind::Any, "the JSON of a `POST`, with placeholders"),
    may("records", Kind::Text, "pointer to the rows in an answer; `\"\"` (when left out) when the answer is the list"),
    needed("key", Kind::Texts, "pointers to what makes a row's key, as in the manifest"),
    may("paging", Kind::Table(PAGING), "how the list is cut into pages; not at all when left out"),
    may(
        "cursor",
        Kind::Table(CURSOR),
        "how to ask for what changed; left out, everything is read each time (`mode = \"full\"` in the manifest)",
    ),
    may("deletes", Kind::Table(DELETES), "how the API says that a row is gone; not at all when left out"),
    may("max-pages", Kind::Whole(1, 100_000), "pages of a pass before something is wrong; 10,000 when left out"),
];

pub(crate) const PAGING: &[Key] = &[
    needed("style", Kind::Word(STYLES), "see below"),
    may("page-param", Kind::Text, "`page`: parameter of the page's number"),
    may("first-page", Kind::Whole(0, 1), "`page`: number of the first; 1 when left out"),
    may("total-pages", Kind::Text, "`page`: pointer to how many pages there are"),
    may("size-param", Kind::Text, "`page`, `cursor`: parameter of how many rows a page has"),
    may("offset-param", Kind::Text, "`offset`: parameter of how many rows to pass over"),
    may("limit-param", Kind::Text, "`offset`: parameter of how many rows a page has"),
    may("size", Kind::Whole(1, 1_000), "rows of a page; what is asked for where there is a parameter for it"),
    may("total", Kind::Text, "`page`, `offset`: pointer to how many rows there are"),
    may("param", Kind::Text, "`cursor`: parameter of the token"),
    may("pointer", Kind::Text, "`body`: pointer into the body, where the token is put"),
    may("size-pointer", Kind::Text, "`body`: pointer into the body, where the size is put"),
    may("next", Kind::Text, "`cursor`, `body`, `next-url`: pointer to the next token or address"),
    may("has-more", Kind::Text, "`cursor`, `body`: pointer to a flag; the list ends where it is not true"),
    may("rel", Kind::Text, "`link-header`: the relation; `next` when left out"),
    may(
        "drop-params",
        Kind::Texts,
        "`next-url`, `link-header`: parameters to take out of the address, such as the key that the gate fills in itself",
    ),
];

/// Styles of paging.
pub(crate) const STYLES: &[&str] = &["none", "page", "offset", "cursor", "body", "next-url", "link-header"];

pub(crate) const CURSOR: &[Key] = &[
    needed("field", Kind::Text, "pointer into a row: when it changed"),
    may("param", Kind::Text, "parameter that asks for what changed since"),
    may("pointer", Kind::Text, "instead of `param`: pointer into the body of a `POST`"),
    needed(
        "format",
        Kind::Word(&["rfc3339", "date", "unix-seconds", "unix-millis", "text"]),
        "how moments are written; `text` for any value that grows",
    ),
    may(
        "overlap-seconds",
        Kind::Whole(0, 2_678_400),
        "how much earlier each pass begins; what is read again is stored once",
    ),
    may("start", Kind::Text, "where the very first pass begins; everything when left out"),
];

pub(crate) const DELETES: &[Key] = &[
    needed("style", Kind::Word(&["none", "flag", "status-list", "full-compare"]), "see below"),
    may("pointer", Kind::Text, "`flag`: pointer into a row"),
    may("equals", Kind::Any, "`flag`: what it says of a row that is gone"),
    may("path", Kind::Text, "`status-list`: the list of what is gone"),
    may("query", Kind::TextsByName, "`status-list`: its parameters"),
    may("records", Kind::Text, "`status-list`: pointer to its rows"),
    may("key", Kind::Texts, "`status-list`: pointers to the key in its rows; those of the stream when left out"),
    may("param", Kind::Text, "`status-list`: parameter that asks for what went since"),
    may("paging", Kind::Table(PAGING), "`status-list`: as in a stream"),
];

pub(crate) const ACTION: &[Key] = &[
    needed("name", Kind::Text, "as in the manifest"),
    needed("method", Kind::Word(&["POST", "PUT", "PATCH", "DELETE"]), "the method"),
    needed("path", Kind::Text, "after the base address, with placeholders"),
    may("query", Kind::TextsByName, "parameters, with placeholders"),
    may("headers", Kind::TextsByName, "headers of this request"),
    may("content-type", Kind::Word(BODIES), "how the body is written; `application/json` when left out"),
    may("body", Kind::Any, "the body; a text that is one placeholder becomes that value, and goes where there is none"),
    may("parts", Kind::Tables(PART), "the parts of `multipart/form-data`"),
    may(
        "idempotency",
        Kind::Table(IDEMPOTENCY),
        "where the API takes a key with which twice is once (`idempotency = \"key\"` in the manifest)",
    ),
    may(
        "repeatable",
        Kind::Flag,
        "`true` for a `PUT` or `DELETE` that does no harm when it is sent twice (`idempotency = \"upsert\"` in the manifest)",
    ),
    may("result", Kind::Table(RESULT), "pointers into the answer"),
    may("success", Kind::Statuses, "statuses that mean that it was written; 200 to 299 when left out"),
    may("already", Kind::Statuses, "statuses that mean that it was there already: `[409]`"),
];

/// How a body can be written.
pub(crate) const BODIES: &[&str] = &["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];

pub(crate) const PART: &[Key] = &[
    needed("name", Kind::Text, "the field's name"),
    may("value", Kind::Text, "a text, with placeholders; the part is left out where a value is missing"),
    may("file", Kind::Flag, "`true`: a part for each file of the item"),
];

pub(crate) const IDEMPOTENCY: &[Key] = &[
    may("header", Kind::Text, "the header that takes the key"),
    may("body-field", Kind::Text, "or the member of the body"),
];

pub(crate) const RESULT: &[Key] = &[
    may("id", Kind::Text, "pointer to the id; left out, the host's key of the write stands for it"),
    may("url", Kind::Text, "pointer to where a person can see it"),
];

/// The tables below the document, for the reference: heading and keys.
pub(crate) const TABLES: &[(&str, &[Key])] = &[
    ("`[ping]`", PING),
    ("`[ping.account]`", OWNER),
    ("`[accounts]`", ACCOUNTS),
    ("`[rate]`", RATE),
    ("`[errors]`", ERRORS),
    ("`[[errors.in-body]]`", IN_BODY),
    ("`[[errors.map]]`", MAP),
    ("`[[stream]]`", STREAM),
    ("`[stream.paging]`", PAGING),
    ("`[stream.cursor]`", CURSOR),
    ("`[stream.deletes]`", DELETES),
    ("`[[action]]`", ACTION),
    ("`[[action.parts]]`", PART),
    ("`[action.idempotency]`", IDEMPOTENCY),
    ("`[action.result]`", RESULT),
];
