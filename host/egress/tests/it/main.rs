//! The gate against real sockets.

#[cfg(test)]
mod bad_answers;
#[cfg(test)]
mod bad_tls;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod short;
#[cfg(test)]
mod smuggling;
#[cfg(test)]
mod ssrf;
#[cfg(test)]
mod support;
