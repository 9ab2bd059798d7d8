//! Takes the service that stands for the tests out of the others.

use std::collections::BTreeSet;

use super::{ComposeError, Read};
use crate::model::Service;

/// The service whose image and settings the shards take, and those that are started beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shard {
    /// The service that stands for the tests. What it depends on must be ready before the tests are.
    pub service: Service,
    /// The others, in their order.
    pub sidecars: Vec<Service>,
    /// Which services are left out because they need that one: a sentence each.
    pub warnings: Vec<String>,
}

/// Takes a service out of those that were read, and leaves out what depends on it: the tests are nobody's service.
///
/// # Errors
/// [`ComposeError::UnknownService`].
pub fn shard_service(read: &Read, name: &str) -> Result<Shard, ComposeError> {
    let Some(service) = read.services.iter().find(|service| service.name == name) else {
        let known = read.services.iter().map(|service| service.name.clone()).collect();
        return Err(ComposeError::UnknownService { name: name.to_owned(), known });
    };
    let mut gone = BTreeSet::from([name]);
    let (mut sidecars, mut warnings) = (Vec::new(), Vec::new());
    // Each stands after those that it depends on, so one look at each is enough.
    for other in read.services.iter().filter(|other| other.name != name) {
        match other.depends_on.iter().find(|dependency| gone.contains(dependency.service.as_str())) {
            Some(dependency) => {
                let needed = &dependency.service;
                warnings.push(format!("the service `{}` is not started: it depends on `{needed}`", other.name));
                gone.insert(&other.name);
            }
            None => sidecars.push(other.clone()),
        }
    }
    Ok(Shard { service: service.clone(), sidecars, warnings })
}
