//! What cargo knows about the workspace: the packages, their folders, features and arrows.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sh::{Cmd, Failure, Outcome};

/// The workspace as `cargo metadata` tells it, without the registry's crates.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of ours.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Built, linted and tested by default; the benchmarks and the models are not.
    pub(crate) is_default: bool,
    /// Every feature but `default`.
    pub(crate) features: Vec<String>,
    /// Names of the packages it depends on, development and build dependencies left out.
    pub(crate) dependencies: Vec<String>,
    /// All that cargo says of it.
    pub(crate) manifest: Value,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Outcome<Workspace> {
        let text = Cmd::cargo("metadata").args(["--no-deps", "--format-version", "1"]).output()?;
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::new(format!("cannot read what `cargo metadata` printed: {error}"))
        })?;
        Workspace::parse(&value)
            .ok_or_else(|| Failure::new("`cargo metadata` lacks a field that this tool reads"))
    }

    fn parse(value: &Value) -> Option<Workspace> {
        let defaults: Vec<&str> = value["workspace_default_members"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let packages =
            value["packages"].as_array()?.iter().map(|package| Package::parse(package, &defaults));
        Some(Workspace {
            root: value["workspace_root"].as_str()?.into(),
            target: value["target_directory"].as_str()?.into(),
            packages: packages.collect::<Option<_>>()?,
        })
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The packages that are built by default, this tool left out: what users get.
    pub(crate) fn products(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_default && package.name != "xtask")
    }

    /// A path of ours as it is written in messages: from the root, with forward slashes.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}

impl Package {
    fn parse(value: &Value, defaults: &[&str]) -> Option<Package> {
        let id = value["id"].as_str()?;
        let features =
            value["features"].as_object()?.keys().filter(|name| *name != "default").cloned();
        let dependencies = value["dependencies"].as_array()?.iter();
        Some(Package {
            name: value["name"].as_str()?.to_owned(),
            folder: Path::new(value["manifest_path"].as_str()?).parent()?.to_owned(),
            is_default: defaults.contains(&id),
            features: features.collect(),
            dependencies: dependencies
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
                .collect(),
            manifest: value.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn development_dependencies_and_the_default_feature_are_left_out() {
        let text = r#"{
            "workspace_root": "/w", "target_directory": "/w/target", "workspace_default_members": ["id-a"],
            "packages": [{
                "id": "id-a", "name": "a", "manifest_path": "/w/crates/a/Cargo.toml",
                "features": {"default": ["x"], "x": []},
                "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}]
            }]
        }"#;
        let workspace = Workspace::parse(&serde_json::from_str(text).unwrap()).unwrap();
        let package = workspace.package("a").unwrap();
        assert_eq!(package.features, ["x"]);
        assert_eq!(package.dependencies, ["b"]);
        assert!(package.is_default);
        assert_eq!(workspace.shown(&package.folder), "crates/a");
    }
}
