//! The one wasmtime configuration, of the host and of the compile child alike: what one compiles the other
//! must be able to map.

use wasmtime::{Config, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, PoolingAllocationConfig, Strategy};

use crate::{EngineError, limits};

/// The whole version. wasmtime's own check compares only the major number, and would map code that an
/// older patch release compiled, with the fault that the newer one mends.
pub(crate) const WASMTIME: &str = "48.0.8";

/// Stack of a guest. Host functions have the rest of the fiber's stack.
const WASM_STACK: usize = 512 * 1024;
const FIBER_STACK: usize = 2 * 1024 * 1024;

/// Memories and tables that one component may have; a composed one has several.
const MEMORIES: u32 = 4;
const TABLES: u32 = 16;
/// Core instances of one component; dynamically linked Python components have many.
const CORE_INSTANCES: u32 = 200;
/// Bytes of an instance's own bookkeeping.
const INSTANCE_BYTES: usize = 10 * 1024 * 1024;

/// Settings that decide what code is made; the same in host and child.
pub(crate) fn shared() -> Result<Config, wasmtime::Error> {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20))
        .module_version(ModuleVersionStrategy::Custom(format!("wasmtime {WASMTIME}")))?;
    // Proposals that no connector needs, each a piece of the compiler that a hostile component does not
    // reach. Multi-memory stays: without it the compiler panics on composed components.
    config
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_function_references(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_stack_switching(false);
    Ok(config)
}

/// An engine for `instances` at once; with a pool when the address space can be had, else on demand.
pub(crate) fn engine(instances: u32) -> Result<Engine, EngineError> {
    let mut config = shared().map_err(EngineError::Settings)?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    match Engine::new(&config) {
        Ok(engine) => {
            tracing::info!(instances, "guests run in a pool");
            Ok(engine)
        }
        Err(error) => {
            tracing::warn!(
                instances,
                error = format!("{error:#}"),
                "no address space for a pool: guests are allocated on demand"
            );
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config).map_err(EngineError::Settings)
        }
    }
}

/// Every total is the number of instances times what one component may have: whatever guests do, an
/// instance that holds a permit finds its place.
fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .total_memories(instances.saturating_mul(MEMORIES))
        .total_tables(instances.saturating_mul(TABLES))
        .total_stacks(instances)
        .total_gc_heaps(0)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memories_per_module(MEMORIES)
        .max_tables_per_module(TABLES)
        .max_component_instance_size(INSTANCE_BYTES)
        .max_core_instance_size(INSTANCE_BYTES)
        .table_elements(limits::TABLE_ELEMENTS)
        .max_memory_size(limits::MEMORY_BYTES);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_in_the_key_is_the_one_that_is_linked() {
        let lock = include_str!("../../../Cargo.lock");
        let entry = lock.split("[[package]]").find(|entry| entry.contains("name = \"wasmtime\"\n")).expect("an entry");
        assert!(entry.contains(&format!("version = \"{WASMTIME}\"")), "{entry}");
    }

    #[test]
    fn without_address_space_for_a_pool_guests_are_allocated_on_demand() {
        assert!(engine(4).expect("an engine").pooling_allocator_metrics().is_some());
        let crowded = engine(1_000_000).expect("an engine all the same");
        assert!(crowded.pooling_allocator_metrics().is_none());
    }

    #[test]
    fn the_child_compiles_what_the_host_maps() {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let hash = |engine: &Engine| {
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        let child = Engine::new(&shared().expect("settings")).expect("an engine");
        assert_eq!(hash(&child), hash(&engine(4).expect("an engine")));
    }
}
