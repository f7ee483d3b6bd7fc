//! The hostile set (`trust.md`, 4.5): **a connector that does its worst is stopped by the limit that is named for it, says
//! why, and nobody else notices.**
//!
//! Each module is one line of that table, H1 to H17 (H15, reloading under load, has a place of its own: `reload`). In each the
//! guests of `tests/guests` are installed as a connector (`hostile.toml`) on the real binary; what one does is a setting of
//! its connection ([`Guest::reads`] and the others). Beside them an office works ([`traffic`]): its ledger is read, its
//! notes are written. [`Stand::beside`] fails when one run or push of the office does, when a record of it is lost, or when the host
//! does not get its memory back.
//!
//! | | guest | limit | told as |
//! |---|---|---|---|
//! | [`h1`] | endless loop in each export | computing of a call | PB1107 |
//! | [`h2`] | waits in the host: sleep, a provider that is silent | time of a call | PB1103 |
//! | [`h3`] | memory and tables, grown and declared | memory of the run | PB1102, PB1008 |
//! | [`h4`] | stack, lists that are larger here than there | stack, bytes of a call | PB1101 |
//! | [`h5`] | ten million calls of the host | calls of a call | PB1104 |
//! | [`h6`] | a gigabyte of log, escapes, forged lines | log of a run | a line that says so |
//! | [`h7`] | handles, sockets | handles | PB1101 |
//! | [`h8`] | addresses that were not granted, in each spelling | grant | PB3xxx of the gate |
//! | [`h9`] | a name that leads inside, or turns | the address that was looked at | PB6001, the address |
//! | [`h10`] | files and slots of others | its own run | nothing is there |
//! | [`h11`] | its own token: memory, echoes, errors, redirects | never there | nothing is found |
//! | [`h12`] | pages and answers without measure | bounds of the contract | PB1104, dead letters |
//! | [`h13`] | headers that would be another request | the gate | refused, no byte leaves |
//! | [`h14`] | traps, deaths of the host | instance, breaker, quarantine | PB1101, PB3017 |
//! | [`h16`] | lies | checks of the host | each its own |
//! | [`h17`] | clocks to measure others with | a millisecond at best | |

mod guest;
mod h1;
mod h10;
mod h11;
mod h12;
mod h13;
mod h14;
mod h16;
mod h17;
mod h2;
mod h3;
mod h4;
mod h5;
mod h6;
mod h7;
mod h8;
mod h9;
pub(crate) mod long;
mod names;
mod neighbour;
mod odd;
mod traffic;
mod wire;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use patchbay_it::{Rig, RigSetup};
use patchbay_test_support::{Answer, Result, Trouble, wait_until};
use serde_json::json;

use self::{
    guest::{Guest, QUIET, assert_all, assert_ended},
    names::Names,
    odd::Behind,
    traffic::{Served, Traffic},
    wire::Wire,
};

/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);
/// Limits that are reached soon, and few places: a leak of one would be felt. Who computes beside the office pauses twice as long,
/// so a call takes more than three times what it may compute.
const TIGHT: &str = "[limits]\ncall_seconds = 5\ncompute_seconds = 1\ninstances = 8\n";
/// By how much the host may be larger after a set of deeds than before. It keeps what a first time of anything leaves behind
/// (threads, prepared statements, code); the long form prints how it goes on.
const KEPT: u64 = 80 * 1024 * 1024;

/// Deeds of guests that are connected.
type Prepared<'a> = Box<dyn FnOnce() -> Result<()> + 'a>;

/// A host, the provider of the hostile ones, the names that it is told, and an office that works.
struct Stand {
    rig: Rig,
    wire: Wire,
    names: Names,
    /// While it works, it is not here.
    office: Mutex<Option<Traffic>>,
    /// How often a guest was asked for a deed.
    asked: AtomicU64,
    /// How often the API was asked how a deed of a guest goes.
    looked: AtomicU64,
}

impl Stand {
    fn start() -> Result<Self> {
        Self::with(TIGHT)
    }

    /// With these limits; TOML after `[jobs]`.
    fn with(limits: &str) -> Result<Self> {
        let (wire, names) = (Wire::start()?, Names::start()?);
        let more = format!("{}{limits}", wire.rewrites());
        let rig = RigSetup { more, variables: names.variables(), ..RigSetup::default() }.start()?;
        rig.install(patchbay_it::ledger_of(&["entries"])?)?;
        rig.install_desk()?;
        let stand =
            Self { rig, wire, names, office: Mutex::default(), asked: AtomicU64::new(0), looked: AtomicU64::new(0) };
        stand.back(Traffic::connect(&stand)?);
        Ok(stand)
    }

    fn take_office(&self) -> Result<Traffic> {
        let office = self.office.lock().unwrap_or_else(PoisonError::into_inner).take();
        office.ok_or_else(|| Trouble::new("the office works already"))
    }

    fn back(&self, office: Traffic) {
        *self.office.lock().unwrap_or_else(PoisonError::into_inner) = Some(office);
    }

    /// The guests as a connector of their own: what one of them does opens no breaker of another.
    fn guest(&self, name: &str) -> Result<Guest<'_>> {
        self.guest_of(name, &Behind::default())
    }

    /// The same with this behind them.
    fn guest_of(&self, name: &str, behind: &Behind) -> Result<Guest<'_>> {
        self.install(name, behind)?.expect(201)?;
        // One of whose two connections breaks down is not taken for broken as a whole: its breaker stays closed.
        self.connect(name, &format!("{name}, quiet"), "token-of-the-quiet-7Qk2pWz9Lr4Vt8nX")?;
        self.connect(name, name, &format!("token-of-{name}-7Qk2pWz9Lr4Vt8nX"))
    }

    /// Installs the guests as `patchbay.hostile-NAME`, with this behind them.
    fn install(&self, name: &str, behind: &Behind) -> Result<Answer> {
        self.rig.post(behind.packed(&format!("patchbay.hostile-{name}"))?)
    }

    /// A tenant with a connection to the connector of this name, which is quiet so far.
    fn connect(&self, connector: &str, tenant: &str, token: &str) -> Result<Guest<'_>> {
        let tenant = self.rig.tenant(tenant)?;
        let connector = format!("patchbay.hostile-{connector}");
        let fields = json!({ "token": token, "choice": QUIET });
        let made = tenant.api.post("/v1/connections", &json!({ "connector": connector, "fields": fields }))?;
        let connection = made.expect(201)?.text_at("/id")?;
        tenant.settled()?;
        Ok(Guest { stand: self, tenant, connector, connection, token: token.to_owned() })
    }

    /// Has these deeds done while the office works, which must not notice; how long its work took meanwhile.
    fn beside(&self, deeds: impl FnOnce(&Self) -> Result<()>) -> Result<Served> {
        let before = self.memory()?;
        let served = self.worked(|| deeds(self))?;
        let after = wait_until("the host to give its memory back", LIMIT, || {
            let now = self.memory()?;
            Ok((now <= before + KEPT).then_some(now))
        });
        let after =
            after.map_err(|error| Trouble::new(format!("{error}: {before} before, {:?} after", self.memory())))?;
        println!("memory {} MiB, then {} MiB; the office: {} runs", before >> 20, after >> 20, served.runs.len());
        Ok(served)
    }

    /// What the office was served while something is done; nothing was lost or doubled.
    fn worked(&self, meanwhile: impl FnOnce() -> Result<()>) -> Result<Served> {
        let mut office = self.take_office()?;
        let over = AtomicBool::new(false);
        let (working, ended) = (&mut office, &over);
        let (done, served) = std::thread::scope(|scope| {
            let works = scope.spawn(move || working.work(self, ended));
            // Also when a deed ends by an assertion: else the office would be waited for without end.
            let ending = Ending(ended);
            let done = meanwhile();
            drop(ending);
            (done, works.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        done?;
        let served = served?;
        office.compare(self)?;
        self.back(office);
        Ok(served)
    }

    /// Resident bytes of the host's process.
    fn memory(&self) -> Result<u64> {
        self.resident("VmRSS:")
    }

    /// A part of them, as `/proc/PID/status` names it (proc(5)).
    fn resident(&self, part: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.rig.host.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(part)).unwrap_or_default();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// Open descriptors of the host's process.
    fn descriptors(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.rig.host.pid()))?.count())
    }
}

/// Ends the work of the office with this value.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
