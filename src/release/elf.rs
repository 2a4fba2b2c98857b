//! What a compiled module says of itself: names, the layouts of its structures, the checksums it accepts. Read from the
//! bytes of the machine code; nothing is executed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memchr::memmem;

use crate::vocab::{CompiledFacts, Layout};

/// The shortest and longest identifiers that are kept.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=80;
/// Relocations that are one address of the module itself, on x86-64 and aarch64.
const RELATIVE: [u64; 2] = [8, 1027];
/// Most relocations and fields that are followed.
const MOST: usize = 4 << 20;
const MOST_FIELDS: usize = 256;
/// What begins every message about checksums that do not fit; the accepted ones follow.
const CHECKSUMS: &str = "Incompatible checksums (0x%x vs ";
/// Names that every module has: where they are not found, names are kept in another way.
const EVERYWHERE: [&str; 2] = ["__name__", "__main__"];

/// The facts of a compiled module from its bytes. `module` is its full name.
pub(super) fn compiled(module: &str, bytes: &[u8]) -> CompiledFacts {
    let mut facts = CompiledFacts { is_machine: true, ..CompiledFacts::default() };
    let own = format!("{module}.");
    let package = format!("{}.", module.split('.').next().unwrap_or_default());
    for part in bytes.split(|byte| *byte == 0) {
        // A text may stand behind bytes that are none.
        let start = part.iter().rposition(|byte| !(b' '..=b'~').contains(byte)).map_or(0, |at| at + 1);
        let Ok(text) = std::str::from_utf8(&part[start..]) else { continue };
        take_text(&mut facts, &own, &package, text);
    }
    // It names itself in every error that it raises, if it knows more than its last name.
    facts.is_bare =
        module.contains('.') && !facts.types.is_empty() && memmem::find(bytes, module.as_bytes()).is_none();
    facts.is_readable = EVERYWHERE.iter().all(|name| facts.identifiers.contains(*name));
    if let Some(image) = Image::of(bytes) {
        facts.structs = image.structs();
    }
    facts
}

fn take_text(facts: &mut CompiledFacts, own: &str, package: &str, text: &str) {
    // Some builds know nothing of the package around a module.
    let short = own.rsplit('.').nth(1).unwrap_or(own);
    let bare = text.strip_prefix(short).and_then(|rest| rest.strip_prefix('.'));
    if let Some(rest) = text.strip_prefix(own).or(bare) {
        let first = rest.split('.').next().unwrap_or_default();
        if is_identifier(first) {
            facts.types.insert(first.to_owned());
        }
        return;
    }
    if text.starts_with(package) && text.len() <= *LENGTHS.end() && text.split('.').all(is_identifier) {
        facts.imports.insert(text.to_owned());
        return;
    }
    if let Some(rest) = text.strip_prefix(CHECKSUMS) {
        let (numbers, names) = rest.split_once(") = ").unwrap_or((rest, ""));
        let numbers = numbers.trim_matches(['(', ')', ' ']).split(", ");
        for number in numbers.filter_map(|number| u64::from_str_radix(number.strip_prefix("0x")?, 16).ok()) {
            facts.checksums.insert(number, names.trim_matches(['(', ')']).to_owned());
        }
        return;
    }
    let is_internal =
        text.starts_with("_Z") || text.starts_with("__pyx_") && !text.starts_with("__pyx_unpickle_");
    if LENGTHS.contains(&text.len()) && is_identifier(text) && !is_internal && !text.ends_with("__set_state")
    {
        facts.identifiers.insert(text.to_owned());
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// An ELF file of 64 bits in little endian with its relocations.
struct Image<'b> {
    bytes: &'b [u8],
    /// Address, place in the file, and bytes of what is loaded.
    loaded: Vec<(u64, u64, u64)>,
    /// From addresses to the addresses that stand there.
    pointers: BTreeMap<u64, u64>,
}

impl<'b> Image<'b> {
    /// `None` where it is another kind of file, or does not fit together.
    fn of(bytes: &'b [u8]) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let mut image = Self { bytes, loaded: Vec::new(), pointers: BTreeMap::new() };
        let (programs, size, count) = (image.word(0x20)?, image.half(0x36)?, image.half(0x38)?);
        for index in 0..count {
            let at = programs.checked_add(index.checked_mul(size)?)?;
            if image.word(at)? & 0xffff_ffff == 1 {
                let loaded = (image.word(at + 0x10)?, image.word(at + 8)?, image.word(at + 0x20)?);
                image.loaded.push(loaded);
            }
        }
        let (sections, size, count) = (image.word(0x28)?, image.half(0x3a)?, image.half(0x3c)?);
        for index in 0..count {
            let at = sections.checked_add(index.checked_mul(size)?)?;
            let kind = image.word(at)? >> 32;
            if kind == 4 {
                let (from, length) = (image.word(at.checked_add(0x18)?)?, image.word(at.checked_add(0x20)?)?);
                image.relocations(from, length)?;
            }
        }
        Some(image)
    }

    fn relocations(&mut self, from: u64, length: u64) -> Option<()> {
        let entries = usize::try_from(length / 24).ok()?.min(MOST);
        for index in 0..entries {
            let at = from.checked_add(24 * index as u64)?;
            if RELATIVE.contains(&(self.word(at.checked_add(8)?)? & 0xffff_ffff)) {
                let (place, target) = (self.word(at)?, self.word(at.checked_add(16)?)?);
                self.pointers.insert(place, target);
            }
        }
        Some(())
    }

    fn part<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let at = usize::try_from(at).ok()?;
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn word(&self, at: u64) -> Option<u64> {
        self.part(at).map(u64::from_le_bytes)
    }

    fn half(&self, at: u64) -> Option<u64> {
        self.part(at).map(|bytes| u64::from(u16::from_le_bytes(bytes)))
    }

    /// The place in the file of an address.
    fn place(&self, address: u64) -> Option<u64> {
        let (from, place, _) =
            self.loaded.iter().find(|(from, _, length)| address >= *from && address - from < *length)?;
        place.checked_add(address - from)
    }

    fn number(&self, address: u64) -> Option<u64> {
        self.word(self.place(address)?)
    }

    /// The identifier that stands at an address.
    fn text(&self, address: u64) -> Option<&'b str> {
        let rest = self.bytes.get(usize::try_from(self.place(address)?).ok()?..)?;
        let rest = &rest[..rest.len().min(*LENGTHS.end() + 1)];
        let text = std::str::from_utf8(&rest[..rest.iter().position(|byte| *byte == 0)?]).ok()?;
        is_identifier(text).then_some(text)
    }

    /// The structures that Cython describes: a name, a list of fields, a size. Each field is a type, a name, an offset.
    fn structs(&self) -> BTreeMap<String, Layout> {
        let mut found = BTreeMap::new();
        let mut lists: HashMap<u64, Option<Vec<(String, u64)>>> = HashMap::new();
        for (&place, &target) in &self.pointers {
            let Some(name) = self.text(target) else { continue };
            let Some(&list) = place.checked_add(8).and_then(|next| self.pointers.get(&next)) else {
                continue;
            };
            let size = place.checked_add(16).and_then(|at| self.number(at)).unwrap_or(0);
            if size == 0 || size > 1 << 20 {
                continue;
            }
            let fields = lists.entry(list).or_insert_with(|| self.fields(list));
            if let Some(fields) = fields.as_ref().filter(|fields| fields.last().is_some_and(|it| it.1 < size))
            {
                found.insert(name.to_owned(), Layout { size, fields: fields.clone() });
            }
        }
        found
    }

    fn fields(&self, list: u64) -> Option<Vec<(String, u64)>> {
        let mut fields: Vec<(String, u64)> = Vec::new();
        let mut at = list;
        while self.pointers.contains_key(&at) && fields.len() < MOST_FIELDS {
            let name = self.text(*self.pointers.get(&at.checked_add(8)?)?)?;
            let offset = self.number(at.checked_add(16)?)?;
            let follows = fields.last().map_or(offset == 0, |(_, before)| offset > *before);
            if !follows {
                return None;
            }
            fields.push((name.to_owned(), offset));
            at = at.checked_add(24)?;
        }
        // One that holds a single number is a complex one, or no structure at all.
        (fields.len() > 1).then_some(fields)
    }
}

/// What the source of a compiled module says, where only that is there.
pub(super) fn from_source(
    names: BTreeSet<String>,
    structs: Vec<(String, Vec<String>)>,
    digest: String,
) -> CompiledFacts {
    let layout =
        |fields: Vec<String>| Layout { size: 0, fields: fields.into_iter().map(|it| (it, 0)).collect() };
    CompiledFacts {
        is_readable: true,
        types: names.clone(),
        identifiers: names,
        is_machine: false,
        is_bare: false,
        imports: BTreeSet::new(),
        structs: structs.into_iter().map(|(name, fields)| (name, layout(fields))).collect(),
        checksums: BTreeMap::new(),
        sources: BTreeSet::from([digest]),
    }
}

/// Takes in what other files say of the same module: sources beside the machine code, or headers beside sources. Where
/// there is machine code, only that says which names a module has.
pub(super) fn beside(known: &mut CompiledFacts, other: CompiledFacts) {
    known.sources.extend(other.sources);
    for (name, layout) in other.structs {
        known.structs.entry(name).or_insert(layout);
    }
    if !known.is_machine {
        known.is_readable &= other.is_readable;
        known.types.extend(other.types);
        known.identifiers.extend(other.identifiers);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_names_types_and_checksums() {
        let bytes = b"\x01\x02__name__\0__main__\0pkg.mod.Tree.predict\0Tree\0__pyx_n_s_x\0Incompatible checksums (0x%x vs (0xb068931, 0x82a3537) = (name))\0";
        let facts = compiled("pkg.mod", bytes);
        assert!(
            facts.is_readable && facts.types.contains("Tree") && !facts.identifiers.contains("__pyx_n_s_x")
        );
        assert_eq!(facts.checksums[&0x82a_3537], "name");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut bytes = b"\x7fELF\x02\x01".to_vec();
            bytes.extend(tail);
            compiled("a.b", &bytes);
        }
    }
}
