//! How an image is built: the flag without a value, the result's name, and what says nothing without a build.

use crate::project::{Project, rows};

#[test]
fn a_build_flag_alone_means_the_current_directory() {
    let project = Project::new().within("My App_2");
    for arguments in [&["pytest", "--build"][..], &["pytest", "--build", "--shards", "2"], &["pytest", "--build", "."]]
    {
        let settings = project.settings(arguments).unwrap();
        assert_eq!(settings.build.as_ref().unwrap().context, project.current(), "{arguments:?}");
        assert_eq!(settings.image_name().unwrap(), "minke-build/my-app-2:latest");
    }
    let settings = project.settings(&["pytest", "--build", ".", "tests", "--image", "mine:1"]).unwrap();
    assert_eq!((settings.image_name().unwrap().as_ref(), &settings.files[..]), ("mine:1", &["tests".to_owned()][..]));
    let file = Project::new().file("minke.toml", "build = \"docker\"\n").within("below");
    assert_eq!(file.settings(&["run"]).unwrap().build.unwrap().context, file.top().join("docker"));
}

#[test]
fn a_build_has_its_arguments_and_does_not_show_their_values() {
    let project = Project::new()
        .file("minke.toml", "[build-arg]\nA = \"secret-1\"\nB = \"2\"\n")
        .variable("FROM_OUTSIDE", "secret-3");
    let line = ["run", "--build", "--build-arg", "B=", "--build-arg", "FROM_OUTSIDE", "--build-arg", "ABSENT"];
    let settings =
        project.settings(&[&line[..], &["--target", "t", "--dockerfile", "d/f", "--no-cache"]].concat()).unwrap();
    let build = settings.build.as_ref().unwrap();
    let args = [("A", "secret-1"), ("B", ""), ("FROM_OUTSIDE", "secret-3")];
    assert_eq!(build.args, args.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!((build.target.as_deref(), build.no_cache), (Some("t"), true));
    assert_eq!(build.dockerfile, Some(project.top().join("d/f")));
    assert!(!format!("{:?}", rows(&settings, "build-arg")).contains("secret"));
}

fn check_unused(project: &Project, arguments: &[&str]) -> Result<(), String> {
    project.settings(arguments).unwrap().check_unused().map_err(|error| error.to_string())
}

#[test]
fn flags_of_a_build_say_nothing_without_one() {
    let project = Project::new().file("minke.toml", "dockerfile = \"other\"\n");
    let check = |arguments: &[&str]| check_unused(&project, arguments);
    assert_eq!(check(&["run"]), Ok(()));
    assert_eq!(check(&["run", "--build", "--target", "t"]), Ok(()));
    assert_eq!(check(&["run", "--target", "t"]), Err("`--target` is given without `--build`".to_owned()));
    assert_eq!(check(&["run", "--build-arg", "A"]), Err("`--build-arg` is given without `--build`".to_owned()));
    let error = project.error(&["run", "--platform", "arm64"]);
    assert!(error.contains("`arm64`") && error.contains("OS/ARCH") && error.contains("linux/amd64"), "{error}");
}

#[test]
fn a_flag_that_means_nothing_without_another_is_refused() {
    let project = Project::new().file("compose.yaml", "services: {web: {image: i}}\n");
    let check = |arguments: &[&str]| check_unused(&project, arguments);
    for (flags, base) in [
        (&["run", "--service", "web"][..], "--compose"),
        (&["run", "--services", "web"], "--compose"),
        (&["run", "--profile", "p"], "--compose"),
        (&["run", "--setup-inputs", "x"], "--setup"),
        (&["run", "--no-snapshot"], "--setup"),
        (&["run", "--setup-network", "none"], "--setup"),
    ] {
        let error = check(flags).unwrap_err();
        assert!(error.contains(flags[1]) && error.contains(base), "{error}");
    }
    assert_eq!(
        check(&["run", "-f", "compose.yaml", "--service", "web", "--setup", "x", "--setup-inputs", "y"]),
        Ok(())
    );
}
