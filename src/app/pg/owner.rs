//! Which user runs Postgres, and where its files may be. Postgres refuses to run as root, so root hands it to a user without
//! rights; that user must be able to reach the cluster.

use std::fs;
use std::fs::DirBuilder;
use std::fs::Metadata;
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::bail;

use super::cluster::DIR;

/// The user of this process.
#[derive(Debug)]
pub(super) struct Me {
    uid: u32,
    name: String,
}

impl Me {
    pub(super) fn look_up() -> anyhow::Result<Self> {
        Ok(Self { uid: id(&["-u"])?.parse()?, name: id(&["-un"])? })
    }

    fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// The user of the cluster.
#[derive(Debug)]
pub(super) struct Owner {
    /// Name of the user of this process: Postgres lets it in as the application's role.
    pub(super) client: String,
    /// The cluster's user and group when they are not those of this process.
    pub(super) other: Option<(u32, u32)>,
    uid: u32,
}

impl Owner {
    /// The user of the cluster in `home`: whoever has it already, else one without rights when this process is root.
    pub(super) fn of(home: &Path, me: &Me) -> anyhow::Result<Self> {
        let client = me.name.clone();
        let found = fs::metadata(home.join(DIR)).ok();
        if !me.is_root() {
            if let Some(meta) = found.filter(|meta| meta.uid() != me.uid) {
                bail!("{} belongs to user {}: start as that user or as root", home.join(DIR).display(), meta.uid());
            }
            return Ok(Self { client, other: None, uid: me.uid });
        }
        let (uid, gid) = match found {
            Some(meta) if meta.uid() != 0 => (meta.uid(), meta.gid()),
            _ => unprivileged()?,
        };
        Ok(Self { client, other: Some((uid, gid)), uid })
    }

    /// Whether the cluster's user may go into a folder: search permission on it and on all above it.
    pub(super) fn may_enter(&self, dir: &Path) -> anyhow::Result<bool> {
        let Some((uid, gid)) = self.other else {
            return Ok(true);
        };
        may_enter(dir, uid, gid)
    }

    /// Makes the user of the cluster the owner of a path.
    pub(super) fn give(&self, path: &Path) -> anyhow::Result<()> {
        if let Some((uid, gid)) = self.other {
            chown(path, Some(uid), Some(gid)).with_context(|| format!("cannot change the owner of {}", path.display()))?;
        }
        Ok(())
    }

    /// Whether the cluster's user has this path, and nobody else may enter it.
    pub(super) fn alone_has(&self, meta: &Metadata) -> bool {
        meta.is_dir() && meta.uid() == self.uid && meta.mode() & 0o777 == 0o700
    }
}

/// Where the cluster's folder is: in the data directory, except when root's data directory is closed to the user that Postgres
/// runs under. Then it is in a folder of its own below `/var/tmp`, and a symbolic link in the data directory leads there.
pub(super) fn home(data_dir: &Path, me: &Me) -> anyhow::Result<PathBuf> {
    let here = data_dir.join(DIR);
    if let Ok(target) = fs::read_link(&here) {
        let home = target.parent().context("the link to the cluster leads nowhere")?;
        let meta = fs::symlink_metadata(home).with_context(|| format!("{} leads to {}", here.display(), target.display()))?;
        if !meta.is_dir() || meta.uid() != me.uid {
            bail!("{} is not a folder of ours; {} leads there", home.display(), here.display());
        }
        return Ok(home.to_owned());
    }
    if !me.is_root() {
        return Ok(data_dir.to_owned());
    }
    let (uid, gid) = unprivileged()?;
    if may_enter(data_dir, uid, gid)? {
        return Ok(data_dir.to_owned());
    }
    if here.exists() {
        bail!("{} is closed to the user that Postgres runs under; open it (mode 711 will do)", data_dir.display());
    }
    let home = new_folder(Path::new("/var/tmp"), &super::short_hash(data_dir))?;
    std::os::unix::fs::symlink(home.join(DIR), &here)?;
    tracing::warn!(
        data_dir = %data_dir.display(),
        home = %home.display(),
        "the data directory is closed to the user that Postgres runs under, so the database is kept elsewhere"
    );
    Ok(home)
}

/// Makes a folder that only we may write to in a place where everybody may: under a name that nobody, and no earlier data
/// directory of this name, has taken.
fn new_folder(place: &Path, hash: &str) -> anyhow::Result<PathBuf> {
    for number in 0..1000 {
        let dir = place.join(format!("concord-{hash}-{number}"));
        match DirBuilder::new().mode(0o711).create(&dir) {
            Ok(()) => {
                // Whatever the umask.
                fs::set_permissions(&dir, Permissions::from_mode(0o711))?;
                return Ok(dir);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", dir.display())),
        }
    }
    bail!("{} is full of folders of ours; remove those that no data directory leads to", place.display())
}

/// Makes a folder, with those above it, open to all for reading whatever the umask.
pub(super) fn open_dir(dir: &Path, mode: u32) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(mode))
}

fn unprivileged() -> anyhow::Result<(u32, u32)> {
    let name = if id(&["-u", "postgres"]).is_ok() { "postgres" } else { "nobody" };
    Ok((id(&["-u", name])?.parse()?, id(&["-g", name])?.parse()?))
}

fn may_enter(dir: &Path, uid: u32, gid: u32) -> anyhow::Result<bool> {
    for dir in dir.canonicalize()?.ancestors() {
        let meta = fs::metadata(dir)?;
        let search = match (meta.uid() == uid, meta.gid() == gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        if meta.mode() & search == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The system's `id`, since user numbers are not in the standard library.
fn id(args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("id").args(args).output().context("cannot run `id`")?;
    if !output.status.success() {
        bail!("id {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
