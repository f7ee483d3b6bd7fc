//! What Patchbay promises, over the real binary: one module per promise.
#![cfg(test)]

mod access;
mod attacks;
mod audit;
mod bad_input;
mod bad_packages;
mod canary;
mod connect_session;
mod connection_life;
mod connector_does_only_what_was_approved;
mod credential_never_enters_a_connector;
mod cursor_moves_only_with_its_records;
mod customer_origins;
mod disconnect;
mod first_start;
mod hot_load;
mod identify_echo;
mod key_rotation;
mod kill_both_databases;
mod logins_ready;
mod nodes;
mod oauth;
mod oidc;
mod openapi;
mod postgres_restart;
mod push_is_sent_later;
mod refresh;
mod refresh_kill;
mod refresh_nodes;
mod renewal;
mod sealed_values;
mod soak;
mod write_is_never_repeated_blindly;
