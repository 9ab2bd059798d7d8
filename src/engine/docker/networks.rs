//! Networks and volumes of a run.

use std::collections::HashMap;
use std::net::IpAddr;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{
    EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest,
};
use bollard::query_parameters::{
    InspectContainerOptions, ListNetworksOptions, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};

use super::failure::{is_gone, operation};
use crate::engine::spec::RUN;
use crate::engine::{ContainerId, EngineError, Labels, NetworkSpec, ObjectKind, OwnedObject};

/// Makes a network with addresses of its own.
pub(super) async fn create(docker: &Docker, spec: &NetworkSpec) -> Result<(), EngineError> {
    let config = IpamConfig { subnet: Some(spec.subnet.clone()), ..IpamConfig::default() };
    let request = NetworkCreateRequest {
        name: spec.name.clone(),
        internal: Some(spec.internal),
        ipam: Some(Ipam { config: Some(vec![config]), ..Ipam::default() }),
        labels: Some(spec.labels.to_map()),
        ..NetworkCreateRequest::default()
    };
    let created = docker.create_network(request).await;
    created.map(drop).map_err(|error| operation(format!("make network `{}` ({})", spec.name, spec.subnet), error))
}

/// Attaches a container to one more network.
pub(super) async fn connect(
    docker: &Docker,
    container: &ContainerId,
    network: &str,
    aliases: &[String],
) -> Result<(), EngineError> {
    let endpoint = EndpointSettings { aliases: Some(aliases.to_vec()), ..EndpointSettings::default() };
    let request = NetworkConnectRequest { container: container.0.clone(), endpoint_config: Some(endpoint) };
    let connected = docker.connect_network(network, request).await;
    connected.map_err(|error| operation(format!("attach container {} to network `{network}`", container.0), error))
}

/// Lists the addresses of all networks.
pub(super) async fn subnets(docker: &Docker) -> Result<Vec<String>, EngineError> {
    let networks = docker.list_networks(None::<ListNetworksOptions>).await;
    let networks = networks.map_err(|error| operation("list networks", error))?;
    let configs = networks.into_iter().filter_map(|network| network.ipam?.config).flatten();
    Ok(configs.filter_map(|config| config.subnet).collect())
}

/// Returns the address that a container has on a network.
pub(super) async fn address(
    docker: &Docker,
    container: &ContainerId,
    network: &str,
) -> Result<Option<IpAddr>, EngineError> {
    let inspected = docker.inspect_container(&container.0, None::<InspectContainerOptions>).await;
    let inspected = inspected.map_err(|error| operation(format!("inspect container {}", container.0), error))?;
    let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    Ok(networks.get(network).and_then(|endpoint| endpoint.ip_address.as_ref()?.parse().ok()))
}

/// Tells whether there is a volume of a name.
pub(super) async fn has_volume(docker: &Docker, name: &str) -> Result<bool, EngineError> {
    match docker.inspect_volume(name).await {
        Ok(_) => Ok(true),
        Err(error) if is_gone(&error) => Ok(false),
        Err(error) => Err(operation(format!("inspect volume `{name}`"), error)),
    }
}

/// Makes a volume.
pub(super) async fn create_volume(docker: &Docker, name: &str, labels: &Labels) -> Result<(), EngineError> {
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some(labels.to_map()),
        ..VolumeCreateRequest::default()
    };
    docker.create_volume(request).await.map(drop).map_err(|error| operation(format!("make volume `{name}`"), error))
}

/// Removes a network.
pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), EngineError> {
    removed(docker.remove_network(id).await, "network", id)
}

/// Removes a volume.
pub(super) async fn remove_volume(docker: &Docker, name: &str) -> Result<(), EngineError> {
    let options = RemoveVolumeOptionsBuilder::default().force(true).build();
    removed(docker.remove_volume(name, Some(options)).await, "volume", name)
}

fn removed(result: Result<(), Error>, what: &str, id: &str) -> Result<(), EngineError> {
    match result {
        Err(error) if !is_gone(&error) => Err(operation(format!("remove {what} `{id}`"), error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Lists the networks and volumes that carry minke's labels.
pub(super) async fn owned(docker: &Docker) -> Result<Vec<OwnedObject>, EngineError> {
    let filters = HashMap::from([("label", vec![RUN])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = docker.list_networks(Some(options)).await.map_err(|error| operation("list networks", error))?;
    let networks = networks.into_iter().filter_map(|network| {
        let labels = Labels::from_map(&network.labels?)?;
        Some(OwnedObject { kind: ObjectKind::Network, id: network.id?, labels })
    });
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let volumes = docker.list_volumes(Some(options)).await.map_err(|error| operation("list volumes", error))?;
    let volumes = volumes.volumes.unwrap_or_default().into_iter().filter_map(|volume| {
        let labels = Labels::from_map(&volume.labels)?;
        Some(OwnedObject { kind: ObjectKind::Volume, id: volume.name, labels })
    });
    Ok(networks.chain(volumes).collect())
}
