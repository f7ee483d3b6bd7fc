//! The gate against real sockets. The cells of the chaos matrix (C1 to C6, C10, C12) are named in the
//! files that hold them.

#[cfg(test)]
mod bad_answers;
#[cfg(test)]
mod bad_tls;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod circuit;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod files;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod into_sinks;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod rehearsals;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod resets;
#[cfg(test)]
mod short;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod smuggling;
#[cfg(test)]
mod ssrf;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tapes;
#[cfg(test)]
mod unheard;
#[cfg(test)]
mod usage;
