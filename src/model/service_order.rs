//! The order in which services are started.

use std::collections::{BTreeMap, BTreeSet};

use super::Service;

/// Services that need each other, in the order in which they do, the first again at the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("services need each other: {}", names.join(" -> "))]
pub struct ServiceCycle {
    /// Their names.
    pub names: Vec<String>,
}

/// Puts services, whose names differ, in an order in which each comes after those that it depends on, and by name where it
/// makes no difference. Names of dependencies that are no services among them are left out of account.
///
/// # Errors
/// [`ServiceCycle`].
pub fn order_services(services: Vec<Service>) -> Result<Vec<Service>, ServiceCycle> {
    let mut services: BTreeMap<String, Service> =
        services.into_iter().map(|service| (service.name.clone(), service)).collect();
    let mut open: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut needed_by: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, service) in &services {
        let names = service.depends_on.iter().map(|dependency| &dependency.service);
        let needed: BTreeSet<String> = names.filter(|name| services.contains_key(*name)).cloned().collect();
        for other in &needed {
            needed_by.entry(other.clone()).or_default().push(name.clone());
        }
        open.insert(name.clone(), needed);
    }
    let mut free: BTreeSet<String> =
        open.iter().filter(|(_, needed)| needed.is_empty()).map(|(name, _)| name.clone()).collect();
    let mut ordered = Vec::new();
    while let Some(name) = free.pop_first() {
        open.remove(&name);
        for other in needed_by.remove(&name).unwrap_or_default() {
            let Some(needed) = open.get_mut(&other) else { continue };
            needed.remove(&name);
            if needed.is_empty() {
                free.insert(other);
            }
        }
        ordered.extend(services.remove(&name));
    }
    if open.is_empty() { Ok(ordered) } else { Err(ServiceCycle { names: cycle(&open) }) }
}

/// Finds a cycle among services of which each needs another one.
fn cycle(open: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = open.keys().next();
    while let Some(name) = next {
        if let Some(start) = places.get(name.as_str()) {
            names.drain(..*start);
            names.push(name.clone());
            break;
        }
        places.insert(name, names.len());
        names.push(name.clone());
        next = open.get(name).and_then(BTreeSet::first);
    }
    names
}
