//! Pickles that hide a call of `evil_marker.run`, by hand and by chance.

/// Ways to call the marker; each leaves one value on the stack.
const EVIL: &[&[u8]] = &[
    b"cevil_marker\nrun\n)R",
    b"\x8c\x0bevil_marker\x8c\x03run\x93)R",
    b"(ievil_marker\nrun\n",
    b"(cevil_marker\nrun\no",
    b"cevil_marker\nRun\n)\x81",
    b"cevil_marker\nRun\n)}\x92",
    b"cevil_marker\nrun\n]R",
];

/// Values as honest files have them; each leaves one value on the stack.
const ITEMS: &[&[u8]] = &[
    b"N",
    b"K\x05",
    b"M\x01\x02",
    b"J\x01\x02\x03\x00",
    b"I17\n",
    b"L17L\n",
    b"F1.5\n",
    b"\x8a\x02\x01\x02",
    b"\x8c\x03abc",
    b"X\x04\x00\x00\x00four",
    b"Vtext\n",
    b"S'text'\n",
    b"U\x02ab",
    b"C\x03xyz",
    b"B\x03\x00\x00\x00xyz",
    b"\x8e\x02\x00\x00\x00\x00\x00\x00\x00xy",
    b"(K\x01K\x02l",
    b"(K\x01K\x02t",
    b"(K\x01K\x02d",
    b"](K\x01K\x02e",
    b"}(K\x01K\x02u",
    b")",
    b"ccollections\nOrderedDict\n)R",
    b"\x8c\x0bcollections\x8c\x05deque\x93)R",
    b"N\x94",
    b"\x8c\x03run\x94",
    b"\x8c\x0bevil_marker\x94",
];

/// Numbers that look random, the same in every run.
pub struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }

    fn of<'t>(&mut self, table: &[&'t [u8]]) -> &'t [u8] {
        table[self.roll(table.len())]
    }
}

fn framed(body: &[u8], length: u64) -> Vec<u8> {
    [b"\x95".as_slice(), &length.to_le_bytes(), body].concat()
}

/// An array of joblib, `u1`: its wrapper with a state, and what stands behind it.
fn array(state: &[u8], behind: &[u8]) -> Vec<u8> {
    let dtype = b"\x8c\x05dtypecnumpy\ndtype\n\x8c\x02u1\x89\x88\x87R(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb";
    [
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(\x8c\x08subclasscnumpy\nndarray\n\x8c\x05order\x8c\x01C\x8c\nallow_mmap\x88"
            .as_slice(),
        dtype,
        state,
        b"ub",
        behind,
    ]
    .concat()
}

fn shaped(length: u8) -> Vec<u8> {
    [b"\x8c\x05shapeK".as_slice(), &[length], b"\x85"].concat()
}

const ALIGNED: &[u8] = b"\x8c\x1bnumpy_array_alignment_bytesK\x10";

/// Files that nobody should be warned of.
pub fn honest() -> Vec<Vec<u8>> {
    let mut dice = Dice(7);
    let mut all = vec![
        [b"\x80\x04".as_slice(), &array(&shaped(4), b"1234"), b"."].concat(),
        [
            b"\x80\x04".as_slice(),
            &array(&[shaped(4), ALIGNED.to_vec()].concat(), b"\x03\xff\xff\xff1234"),
            b".",
        ]
        .concat(),
        [framed(b"\x8c\x03abc0N.", 7)].concat(),
    ];
    let mild: Vec<&[u8]> = ITEMS.to_vec();
    for _ in 0..200 {
        let body: Vec<u8> = (0..dice.roll(6)).flat_map(|_| [dice.of(&mild), b"0"].concat()).collect();
        let body = [body.as_slice(), b"N."].concat();
        all.push([b"\x80\x04".as_slice(), &framed(&body, body.len() as u64)].concat());
    }
    all
}

/// A file that is one thing to one reader.
pub fn by_hand() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for evil in EVIL {
        // A frame that ends inside of what begins in it: what C reads from a file comes from behind it.
        for count in [0u8, 1, 3] {
            let held = [b"B".as_slice(), &40u32.to_le_bytes(), &vec![b'N'; count.into()]].concat();
            let hidden = [&vec![b'N'; 40][..], b"0", evil, b"."].concat();
            let tail = [&vec![b'N'; 40 - usize::from(count)][..], b"."].concat();
            for body in [&hidden, &tail] {
                let frame = framed(&held, held.len() as u64);
                all.push([b"\x80\x04".as_slice(), &frame, body].concat());
            }
            // Text that holds the call, and is left before it for who lost the place.
            let mut text = [&[b'x'; 40][..], b"0", evil, b"."].concat();
            let length = count as usize + text.len() + 6;
            text.extend(b"xxxxx1.");
            let held =
                [b"(NB".as_slice(), &(length as u32).to_le_bytes(), &vec![b'x'; count.into()]].concat();
            all.push([b"\x80\x04".as_slice(), &framed(&held, held.len() as u64), &text, b"N."].concat());
        }
        // Behind STOP, and in a frame that goes on there.
        all.push([b"\x80\x04N.".as_slice(), evil, b"."].concat());
        let body = [b"N.".as_slice(), evil, b"."].concat();
        all.push([b"\x80\x04".as_slice(), &framed(&body, body.len() as u64)].concat());
        all.push([b"\x80\x04".as_slice(), &framed(&body, 2)].concat());
        all.push([b"\x80\x04".as_slice(), &framed(&[framed(evil, 3), b".".to_vec()].concat(), 9)].concat());
        // In arrays: for who takes them for opcodes, and for who knows no pad.
        let inside = [b"0".as_slice(), evil, b"."].concat();
        let length = inside.len() as u8;
        all.push([b"\x80\x04".as_slice(), &array(&shaped(length), &inside), b"."].concat());
        let padded =
            [&[length - 1][..], &vec![0xff; usize::from(length) - 1], b"0123456789", &inside].concat();
        let state = [shaped(10 + length), ALIGNED.to_vec()].concat();
        all.push([b"\x80\x04".as_slice(), &array(&state, &padded), b"N."].concat());
        // The shape that counts is another one: keys that are equal, a wrapper that is used again.
        let long = [b"B".as_slice(), &(inside.len() as u32 + 4).to_le_bytes(), &inside, b"xxx."].concat();
        for key in
            [b"cbuiltins\nstr\nC\x05shape\x8c\x05ascii\x86R".as_slice(), b"cnumpy\nstr_\n\x8c\x05shape\x85R"]
        {
            let state = [&shaped(0), key, b"K\x05\x85"].concat();
            all.push([b"\x80\x04".as_slice(), &array(&state, &long), b"."].concat());
        }
        let again =
            [b"\x94".as_slice(), &array(&shaped(0), b""), b"0h\x00}\x8c\x05shapeK\x05\x85sb", &long].concat();
        all.push([b"\x80\x04N".as_slice(), &again, b"."].concat());
        // Within a frame joblib looks for the array behind it.
        let body = array(&shaped(4), &inside);
        all.push([b"\x80\x04".as_slice(), &framed(&body, body.len() as u64), b"1234", &long].concat());
        // Entries of the memo that are put twice count once.
        let twice = b"\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94N".to_vec();
        let far = 300_000u32.to_le_bytes();
        let puts = [b"r".as_slice(), &far, b"r", &far].concat();
        let rest = b"\x8c\x03run\x94\x8c\x0bevil_marker\x94\x8c\x0bcollections\x94\x8c\x05deque\x94";
        for (module, name) in [(4u8, 3u8), (5, 4), (4, 5), (3, 4)] {
            let call = [b'h', module, b'h', name, 0x93, b')', b'R', b'.'];
            all.push([b"\x80\x04".as_slice(), &twice, &puts, rest, &call].concat());
        }
    }
    // The file ends in a name, in what joblib takes for an array.
    for inside in [&b"(cevil_marker\nrunx."[..], b"(cevil_markerx.", b"0cevil_markerrun\noN."] {
        all.push([b"\x80\x04".as_slice(), &array(&shaped(inside.len() as u8 + 9), inside)].concat());
    }
    // Names that are spelled.
    for spelled in [
        b"S'evil\\137marker'\nS'r\\165n'\n\x93)R.".as_slice(),
        b"S'\\x65vil_marker'\nVr\\u0075n\n\x93)R.",
        b"c_codecs\nencode\n\x8c\x0brivy_znexre\x8c\x05rot13\x86Rc_codecs\nencode\n\x8c\x03eha\x8c\x05rot13\x86R\x93)R.",
        b"\x8c\x0bevil_markerc_codecs\nencode\n\x8c\x03eha\x8c\x05rot13\x86R\x93)R.",
        b"cevil_marker\nrun",
        b"cevil_markerx",
        b"(ievil_marker\nrun",
        b"\x80\x04cevil_marker\n\n",
        b"cevil_marker\nrun\n(lR.",
        b"\x80\x04cevil_marker\nRun\n]\x81.",
        b"\x80\x02cevil_marker\nrun\n\x80\x04)R.",
        b"\x80\x04N.(S'a'\nievil_marker\nrun\n.",
        b"\x80\x04N.0.",
        b"N.I1\n0cevil_marker\nrun\n)R.",
    ] {
        all.push(spelled.to_vec());
    }
    all
}

/// Files with a hidden call, and with bytes that were changed.
pub fn mutated(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|seed| mutant(&mut Dice(seed * 2 + 1))).collect()
}

fn mutant(dice: &mut Dice) -> Vec<u8> {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for _ in 0..=dice.roll(5) {
        pieces.push(dice.of(ITEMS).to_vec());
        if dice.roll(3) > 0 {
            pieces.push(b"0".to_vec());
        }
        if dice.roll(3) == 0 {
            let hidden = hidden(dice);
            pieces.push(hidden);
        }
    }
    let mut bytes = b"\x80\x04".to_vec();
    for piece in pieces {
        let length = match dice.roll(6) {
            0 => piece.len() as u64,
            1 => dice.roll(2 * piece.len() + 2) as u64,
            2 => dice.roll(300) as u64,
            _ => {
                bytes.extend(piece);
                continue;
            }
        };
        bytes.extend(framed(&piece, length));
    }
    bytes.extend(b"N.");
    for _ in 0..dice.roll(4) {
        change(dice, &mut bytes);
    }
    bytes
}

/// A value that hides a call from who reads it as it is meant.
fn hidden(dice: &mut Dice) -> Vec<u8> {
    let filler = vec![dice.of(&[b"N", b"0", b"(", b"."])[0]; dice.roll(30)];
    let call =
        [&filler, dice.of(&[b"", b"0", b"00", b"1"]), dice.of(EVIL), dice.of(&[b"", b".", b"0N."])].concat();
    let length = call.len() as u32;
    match dice.roll(7) {
        0 => [b"B".as_slice(), &length.to_le_bytes(), &call].concat(),
        1 => [b"X".as_slice(), &length.to_le_bytes(), &call].concat(),
        2 => [b"\x8a".as_slice(), &[length as u8], &call].concat(),
        3 => array(&shaped(length as u8), &call),
        4 => {
            let pad = dice.roll(call.len()) as u8;
            let state = [shaped(length as u8), ALIGNED.to_vec()].concat();
            array(&state, &[&[pad][..], &vec![0xff; pad.into()], &call].concat())
        }
        5 => [b"N.".as_slice(), &call].concat(),
        _ => [
            b"V".as_slice(),
            &call.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect::<Vec<_>>(),
            b"\n",
        ]
        .concat(),
    }
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let at = dice.roll(bytes.len());
    match dice.roll(7) {
        0 => bytes[at] = dice.roll(256) as u8,
        1 => bytes[at] = bytes[at].wrapping_add(dice.roll(5) as u8).wrapping_sub(2),
        2 => drop(bytes.remove(at)),
        3 => {
            bytes.insert(at, dice.of(&[b"0", b"1", b"2", b"(", b"N", b"\x94", b")", b"a", b"\n", b"\x85"])[0])
        }
        4 => bytes.truncate(at.max(2)),
        5 => {
            let frame = framed(b"", dice.roll(40) as u64);
            bytes.splice(at..at, frame).for_each(drop);
        }
        _ => {
            let end = (at + dice.roll(8)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            let to = dice.roll(bytes.len());
            bytes.splice(to..to, part).for_each(drop);
        }
    }
    if bytes.is_empty() {
        bytes.push(b'.');
    }
}
