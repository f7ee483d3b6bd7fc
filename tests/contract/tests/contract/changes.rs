//! The table "what may change when" of `wit/README.md`, row by row: what is said there to fit fits, and what is said to
//! break is noticed.

use crate::text::{Text, Verdict, folder};

/// The released text that is changed here.
fn released() -> Text {
    Text::of(&folder().join("since-0.1.0"))
}

fn fits(what: &str, later: &Text) {
    assert_eq!(released().judge(later), Verdict::Fits, "{what}");
}

fn breaks_old(what: &str, later: &Text) {
    let verdict = released().judge(later);
    assert!(matches!(verdict, Verdict::BreaksOldComponents(_)), "{what}: {verdict:?}");
}

fn breaks_new(what: &str, later: &Text) {
    let verdict = released().judge(later);
    assert!(matches!(verdict, Verdict::BreaksNewComponents(_)), "{what}: {verdict:?}");
}

#[test]
fn words_and_what_the_host_gives_besides_may_be_added() {
    let text = released();
    fits("nothing at all", &text);
    fits("another comment", &text.with("run.wit", "No function waits.", "None of them waits for anything."));
    fits(
        "a function of the host",
        &text.with(
            "run.wit",
            "  should-stop: func() -> bool;",
            "  should-stop: func() -> bool;\n  node: func() -> string;",
        ),
    );
    fits(
        "a function of the host with a type of its own",
        &text.with(
            "blob.wit",
            "  size: func(",
            "  record described { size: u64, media-type: string }\n  describe: func(blob: string) -> option<described>;\n  size: func(",
        ),
    );
    fits(
        "an interface of the host",
        &text.and("notes.wit", "interface notes { keep: func(text: string); }").with(
            "world.wit",
            "  import blob;",
            "  import blob;\n  import notes;",
        ),
    );
    fits(
        "an interface that a connector may export, in a world of its own",
        &text.and("watch.wit", "interface watch { use types.{context}; changed: func(ctx: context) -> bool; }").with(
            "world.wit",
            "/// A connector that reads.",
            "world watcher { include source; export watch; }\n/// A connector that reads.",
        ),
    );
}

#[test]
fn what_the_host_gives_never_goes_and_never_changes() {
    let text = released();
    breaks_old("a function less", &text.with("run.wit", "  should-stop: func() -> bool;", ""));
    breaks_old("a function by another name", &text.with("run.wit", "remaining-ms: func", "left-ms: func"));
    breaks_old(
        "a parameter more",
        &text.with("run.wit", "random: func(len: u32)", "random: func(len: u32, strong: bool)"),
    );
    breaks_old(
        "a parameter of another type",
        &text.with("run.wit", "random: func(len: u32)", "random: func(len: u64)"),
    );
    breaks_old("another answer", &text.with("run.wit", "should-stop: func() -> bool", "should-stop: func() -> u32"));
    breaks_old("an interface less", &text.with("world.wit", "  import blob;", "").without("blob.wit"));
    breaks_old(
        "a field more",
        &text.with("http.wit", "    into-blob: bool,", "    into-blob: bool,\n    again: bool,"),
    );
    breaks_old("a field less", &text.with("http.wit", "    replayed: bool,", ""));
    breaks_old("a field by another name", &text.with("http.wit", "    replayed: bool,", "    repeated: bool,"));
    breaks_old("a case more", &text.with("http.wit", "    stopped,", "    stopped,\n    paused,"));
    breaks_old("a case less", &text.with("http.wit", "    stopped,", ""));
    breaks_old("an effect more", &text.with("http.wit", "    repeatable,", "    repeatable,\n    remove,"));
}

#[test]
fn what_a_connector_exports_is_never_edited() {
    let text = released();
    breaks_old(
        "a function that it must have",
        &text.with("fetch.wit", "  discover: func", "  count: func(ctx: context) -> u64;\n  discover: func"),
    );
    breaks_new(
        "a function that it need not have any more",
        &text.with(
            "fetch.wit",
            "  pick: func(ctx: context, req: pick-request) -> result<choices, connector-error>;",
            "",
        ),
    );
    breaks_old(
        "an interface that it must have",
        &text.and("watch.wit", "interface watch { changed: func() -> bool; }").with(
            "world.wit",
            "/// A connector that reads and writes.\nworld connector {",
            "/// Both.\nworld connector {\n  export watch;",
        ),
    );
    breaks_old(
        "a case of its failures more",
        &text.with("types.wit", "    conflict(error-info),", "    conflict(error-info),\n    gone(error-info),"),
    );
    breaks_old("a case of its failures less", &text.with("types.wit", "    conflict(error-info),", ""));
    breaks_old(
        "a field of what it is told more",
        &text.with("types.wit", "    auth: string,", "    auth: string,\n    tenant: string,"),
    );
    breaks_old(
        "a field of what it answers more",
        &text.with("fetch.wit", "    count: u32,", "    count: u32,\n    skipped: u32,"),
    );
    breaks_old(
        "two fields in another order",
        &text.with(
            "http.wit",
            "    pointer: string,\n    /// The blob's id.\n    blob: string,",
            "    blob: string,\n    /// Where it goes.\n    pointer: string,",
        ),
    );
    breaks_old("a list where there was one", &text.with("push.wit", "    attempt: u32,", "    attempt: list<u32>,"));
    breaks_old("the world is gone", &text.with("world.wit", "world sink {", "world drain {"));
}

#[test]
fn what_is_added_is_noticed_where_the_version_stays_and_words_are_not() {
    let text = released();
    assert_eq!(text.says_the_same(&text.with("run.wit", "No function waits.", "None of them waits.")), Ok(()));
    for more in [
        text.with(
            "run.wit",
            "  should-stop: func() -> bool;",
            "  should-stop: func() -> bool;\n  node: func() -> string;",
        ),
        text.with(
            "world.wit",
            "/// A connector that reads.",
            "world watcher { export auth; }\n/// A connector that reads.",
        ),
    ] {
        assert!(text.says_the_same(&more).is_err());
    }
}
