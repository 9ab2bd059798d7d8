//! Services beside the shards: started before a shard, ready before its tests, gone after it.
//!
//! Each shard has a set of services of its own, on a network of its own, where it reaches each by its name. Services that
//! are shared by all shards are on one more network.

mod error;
mod log;
mod member;
mod pool;
mod ready;
mod set;
mod snapshot;

pub(super) use pool::{Lease, ServicePool};
pub(super) use set::ServiceEnd;
