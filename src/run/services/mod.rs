//! Services beside the shards: started before a shard, ready before its tests, gone after it.
//!
//! Each shard has a set of services of its own, on a network of its own, where it reaches each by its name. Services that
//! are shared by all shards are on one more network.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod error;
mod log;
mod member;
mod pool;
mod ready;
mod set;
mod snapshot;

pub(super) use pool::{Lease, ServicePool};
pub(super) use set::ServiceEnd;

/// Locks what no code that panics leaves half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
