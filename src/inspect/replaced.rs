//! Another model in the place of the one that an archive or a compressed file holds: everything else stays as it is.

use std::io::{self, Cursor, Read as _, Write as _};

use super::container;
use super::tarball;
use crate::vocab::{Container, Inspection};

/// Containers within containers that are opened.
const DEEPEST: usize = 8;
/// Bytes of a header of a tar archive, to which contents are padded.
const BLOCK: usize = 512;
/// Where the size of a file stands in such a header, and where the checksum.
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
/// The level of xz and lzma.
const PRESET: u32 = 6;
/// The level of zlib where nobody asks for more, as joblib has it.
const ZLIB: u32 = 3;

/// A file with another model in the place of the only one that an inspection has found in it.
///
/// # Errors
/// When it cannot be taken apart or put together again.
pub fn replaced(file: &[u8], inspection: &Inspection, model: &[u8]) -> io::Result<Vec<u8>> {
    let member = inspection.only_member().map(|member| member.name.as_str());
    let path: Vec<&str> = member.map(|name| name.split(": ").collect()).unwrap_or_default();
    within(file, &path, model, 0)
}

/// The same of something at some depth: `path` names the file in each archive.
fn within(bytes: &[u8], path: &[&str], model: &[u8], depth: usize) -> io::Result<Vec<u8>> {
    if depth > DEEPEST {
        return Err(io::Error::other("it is wrapped too deeply"));
    }
    if let (true, Some((name, rest))) = (tarball::recognise(bytes), path.split_first()) {
        return in_tar(bytes, name, &|inner| within(inner, rest, model, depth + 1));
    }
    match (container::recognise(bytes), path.split_first()) {
        (Some(Container::Zip), Some((name, rest))) => {
            in_zip(bytes, name, &|inner| within(inner, rest, model, depth + 1))
        }
        (None | Some(Container::Zip | Container::Tar), _) => Ok(model.to_vec()),
        (Some(container), _) => {
            let mut inner = Vec::new();
            container::unwrap_inner(container, bytes)?.read_to_end(&mut inner)?;
            compressed(container, &within(&inner, path, model, depth + 1)?)
        }
    }
}

/// What takes the place of the bytes of a file.
type Change<'c> = dyn Fn(&[u8]) -> io::Result<Vec<u8>> + 'c;

fn is_named(own: &str, name: &str) -> bool {
    own.trim_start_matches("./") == name
}

fn not_there(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("`{name}` is not in it any more"))
}

fn in_tar(bytes: &[u8], name: &str, change: &Change<'_>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries()? {
        let entry = entry?;
        let is_file = entry.header().entry_type().is_file();
        if !is_file || !is_named(&entry.path()?.to_string_lossy(), name) {
            continue;
        }
        // Positions in a slice that is in memory.
        let (header, start) = (entry.raw_header_position() as usize, entry.raw_file_position() as usize);
        let end = start.saturating_add(entry.size() as usize);
        let rest = bytes.get(end.next_multiple_of(BLOCK)..).unwrap_or_default();
        let (Some(before), Some(old)) = (bytes.get(..header), bytes.get(start..end)) else { break };
        let new = change(old)?;
        let mut changed = entry.header().clone();
        changed.as_mut_bytes()[SIZE].fill(0);
        changed.as_mut_bytes()[CHECKSUM].fill(0);
        changed.set_size(new.len() as u64);
        changed.set_cksum();
        let mut out = before.to_vec();
        out.extend_from_slice(changed.as_bytes());
        out.extend_from_slice(&new);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
        out.extend_from_slice(rest);
        return Ok(out);
    }
    Err(not_there(name))
}

fn in_zip(bytes: &[u8], name: &str, change: &Change<'_>) -> io::Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut is_found = false;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let own = entry.name().map(|name| name.into_owned()).unwrap_or_default();
        if is_found || !entry.is_file() || !is_named(&own, name) {
            drop(entry);
            out.raw_copy_file(archive.by_index_raw(index)?)?;
            continue;
        }
        is_found = true;
        let mut old = Vec::new();
        entry.read_to_end(&mut old)?;
        let mut options = zip::write::SimpleFileOptions::default().compression_method(entry.compression());
        if let Some(time) = entry.last_modified() {
            options = options.last_modified_time(time);
        }
        if let Some(mode) = entry.unix_mode() {
            options = options.unix_permissions(mode);
        }
        drop(entry);
        let new = change(&old)?;
        out.start_file(own, options.large_file(new.len() > u32::MAX as usize))?;
        out.write_all(&new)?;
    }
    if is_found { Ok(out.finish()?.into_inner()) } else { Err(not_there(name)) }
}

fn compressed(container: Container, bytes: &[u8]) -> io::Result<Vec<u8>> {
    match container {
        Container::Zlib => {
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(ZLIB));
            writer.write_all(bytes)?;
            writer.finish()
        }
        Container::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(bytes)?;
            writer.finish()
        }
        Container::Bz2 => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            writer.write_all(bytes)?;
            writer.finish()
        }
        Container::Xz => {
            let options = lzma_rust2::XzOptions::with_preset(PRESET);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options)?;
            writer.write_all(bytes)?;
            writer.finish()
        }
        Container::Lzma => {
            let options = lzma_rust2::LzmaOptions::with_preset(PRESET);
            let mut writer = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None)?;
            writer.write_all(bytes)?;
            writer.finish()
        }
        Container::Lz4 => {
            let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
            writer.write_all(bytes)?;
            writer.finish().map_err(io::Error::other)
        }
        Container::ZFile | Container::Zip | Container::Tar => {
            Err(io::Error::other("it is compressed in a way that nothing writes any more"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InspectOptions, contained, inspect};
    use super::*;

    const OLD: &[u8] = b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x07builtin\x94.";
    const NEW: &[u8] = b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x0banother one\x94.";

    fn tar(model: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in
            [("./readme.txt", b"words".as_slice()), ("./model.pkl", model), ("z.csv", b"a,b\n1,2\n")]
        {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            builder.append_data(&mut header, name, bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn zip(name: &str, model: &[u8]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in [("a/VERSION", b"1".as_slice()), (name, model)] {
            writer.start_file(name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// What comes out again of a file in which a model was replaced.
    fn model_in(file: &[u8]) -> Vec<u8> {
        let inspection = inspect(Cursor::new(file), InspectOptions::FACTS);
        contained(Cursor::new(file), &inspection).unwrap().expect("it holds a model")
    }

    #[test]
    fn the_new_model_stands_where_the_old_one_stood() {
        let streams = [Container::Gzip, Container::Bz2, Container::Xz];
        let mut files = vec![tar(OLD), zip("a/model.pkl", OLD), zip("a/data/pipeline.tar", &tar(OLD))];
        files.extend(streams.map(|container| compressed(container, &tar(OLD)).unwrap()));
        files.push(zip("m.joblib", &compressed(Container::Zlib, OLD).unwrap()));
        files.push(compressed(Container::Gzip, &compressed(Container::Lzma, OLD).unwrap()).unwrap());
        files.push(compressed(Container::Lz4, &compressed(Container::Zlib, OLD).unwrap()).unwrap());
        for file in files {
            assert_eq!(model_in(&file), OLD);
            let inspection = inspect(Cursor::new(&file), InspectOptions::FACTS);
            let new = replaced(&file, &inspection, NEW).unwrap();
            assert_eq!(model_in(&new), NEW);
            assert_eq!(new[..2], file[..2], "it is wrapped as it was");
            let before = inspection.members.len();
            assert_eq!(inspect(Cursor::new(&new), InspectOptions::FACTS).members.len(), before);
        }
    }
}
