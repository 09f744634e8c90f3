//! The loops around the tiles: which piece of which operand is read when, so that it is found in a cache.
//!
//! After Goto and van de Geijn (2008), and Van Zee and van de Geijn (BLIS, 2015). A product `[m, k] x [k, n]` is taken in
//! blocks of `b`, of at most `TERMS` terms and some panels. A block stays in the second-level cache while strips of `a`, as
//! many rows as a tile has, pass by; the `TERMS` numbers of each of a strip's rows stay in the first-level cache while it is
//! multiplied by the panels of the block, one after the other. For each term a tile of 14 x 32 reads 128 bytes of `b` in 14
//! cycles, of the 64 a cycle that the second-level cache can give.
//!
//! | stays in | what | size |
//! |---|---|---|
//! | registers | the sums of a tile | 14 x 32 numbers, 1.8 KB |
//! | first level | a strip of `a` | 14 x 256, 14 KB |
//! | second level | a block of `b` | 256 x 512, 512 KB |
//!
//! Between blocks of terms the sums wait in `out`, with all their digits, as they are f32 there too.

use std::cell::RefCell;
use std::ops::Range;
use std::ptr;

use super::form::Rounding;
use super::matrix::{AddTo, MatRef, Out};
use super::pack::{Packed, STRIP, Strip, TERMS, pack_panels, pack_strip};
use super::tile::{MAX_ROWS, PANEL, Tile, Tiles};
use crate::kernels::pages::Pages;

/// The most panels of a block.
const PANELS: usize = 16;
/// How many numbers of `b` are packed at a time where it was not packed before.
const ON_THE_WAY: usize = PANELS * TERMS * PANEL;
/// `b` is not packed for so few strips of `a`: that would take longer than the product.
const FEW_STRIPS: usize = 2;
/// Nor if its rows are contiguous and so close, in numbers, that a block of them is in few pages.
const CLOSE: usize = 256;
/// Terms of `a` so far apart are put together: each would be in a cache line, and soon in a page, of its own.
const FAR_APART: usize = 512;

/// The right operand of a product, `[k, n]`.
pub enum Right<'a> {
    /// As it stands.
    Matrix(MatRef<'a, f32>),
    /// Packed on the way.
    Packed(Packed),
    /// Packed for good.
    Kept(Packed<Pages<f32>>),
    /// Packed for good, and rounded to bf16.
    Halves(Packed<Pages<u16>>),
}

/// Some panels of some terms of `b`, as tiles read them.
struct Block {
    data: *const u8,
    /// The distances in bytes between panels and between terms.
    panel: usize,
    term: usize,
    /// The first column, and how many there are.
    first: usize,
    cols: usize,
}

impl Block {
    /// As many of the columns `cols` of what was packed as make a block, the first of them standing at `from`.
    fn packed<T>(from: &[T], cols: Range<usize>, terms: usize) -> Block {
        let term = PANEL * size_of::<T>();
        let count = cols.len().min(PANELS * PANEL);
        Block { data: from.as_ptr().cast(), panel: terms * term, term, first: cols.start, cols: count }
    }
}

/// Whether tiles may as well read `b` where it stands.
pub(super) fn stands_well(b: &MatRef<f32>) -> bool {
    b.col_stride == 1 && b.row_stride <= CLOSE
}

/// Memory for what is packed on the way, and for the sums of a tile that hangs over the edge of `out`.
#[derive(Default)]
struct Room {
    b: Lines,
    a: Lines,
    edge: Lines,
}

/// Numbers from the beginning of a cache line on; more memory is taken when it is first needed.
#[derive(Default)]
struct Lines(Vec<f32>);

impl Lines {
    /// The first `len` numbers, any.
    fn first(&mut self, len: usize) -> &mut [f32] {
        let line = 64 / size_of::<f32>();
        if self.0.len() < len + line {
            self.0 = vec![0.0; len + line];
        }
        let begin = self.0.as_ptr().align_offset(64).min(line);
        &mut self.0[begin..begin + len]
    }
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// A product on the calling thread: `out = add_to + a b` for the columns `cols` of `b`.
pub(super) struct Product<'a> {
    pub tiles: &'static [Tiles],
    /// `[m, k]`
    pub a: MatRef<'a, f32>,
    /// `[k, n]`
    pub b: &'a Right<'a>,
    /// A row to add has `n` elements.
    pub add_to: AddTo<'a, f32>,
    /// `[m, n]`
    pub out: Out<f32>,
    /// How `a` is to be rounded, and `b` was when it was packed.
    pub rounding: Option<Rounding>,
}

impl Product<'_> {
    /// Computes the columns `cols`, which begin with a panel.
    ///
    /// # Safety
    /// The processor has the tiles' registers; all elements of `a` and `b` lie in their slices; those of `out` in these
    /// columns may be written, and nobody else looks at them.
    pub unsafe fn compute(&self, cols: Range<usize>) {
        if self.out.rows == 0 {
            return; // and nothing is packed
        }
        ROOM.with_borrow_mut(|Room { b, a, edge }| {
            let edge = edge.first(MAX_ROWS * PANEL);
            let k = self.rounding.map_or(self.a.cols, |rounding| rounding.form.places(self.a.cols));
            let mut first = cols.start;
            while first < cols.end {
                let (mut next, mut tiny) = (cols.end, false);
                for term in (0..k.max(1)).step_by(TERMS) {
                    let terms = term..k.min(term + TERMS);
                    let block = self.block(first..cols.end, terms.clone(), b);
                    // SAFETY: the block is of these terms, and the rest the caller promises.
                    tiny = unsafe { self.strips(&block, terms, a, edge, tiny) };
                    next = block.first + block.cols;
                }
                first = next;
            }
        });
    }

    /// As many of the columns `cols` as make a block, packed into `room` if they are not better read where they stand.
    fn block(&self, cols: Range<usize>, terms: Range<usize>, room: &mut Lines) -> Block {
        let first = cols.start;
        let (term, panel) = (terms.start, first / PANEL);
        match &self.b {
            Right::Packed(packed) => Block::packed(packed.block(term, panel), cols, terms.len()),
            Right::Kept(packed) => Block::packed(packed.block(term, panel), cols, terms.len()),
            Right::Halves(packed) => Block::packed(packed.block(term, panel), cols, terms.len()),
            Right::Matrix(b) => {
                let b = b.row_panel(terms.start, terms.len());
                let few = self.out.rows <= FEW_STRIPS * self.tiles.len();
                if (few && b.col_stride == 1 || stands_well(&b)) && cols.len() >= PANEL {
                    let data = b.data.get(first..).unwrap_or_default().as_ptr(); // without terms there is nothing
                    let whole = cols.len() / PANEL * PANEL;
                    return Block {
                        data: data.cast(),
                        panel: PANEL * size_of::<f32>(),
                        term: b.row_stride * size_of::<f32>(),
                        first,
                        cols: whole.min(PANELS * PANEL),
                    };
                }
                let panel = terms.len() * PANEL;
                let most = ON_THE_WAY / TERMS.min(self.a.cols).max(1) / PANEL * PANEL; // the same for all terms
                let cols = cols.len().min(most);
                let room = room.first(cols.div_ceil(PANEL) * panel);
                pack_panels(b, first, room);
                let [panel, term] = [panel, PANEL].map(|len| len * size_of::<f32>());
                Block { data: room.as_ptr().cast(), panel, term, first, cols }
            }
        }
    }

    /// The product of all of `a`'s rows by a block. Of rounded numbers, returns whether a sum may be tiny now, as it may if one
    /// might be `tiny` before.
    ///
    /// # Safety
    /// As [`Product::compute`], and the block is of these terms.
    unsafe fn strips(
        &self,
        block: &Block,
        terms: Range<usize>,
        room: &mut Lines,
        edge: &mut [f32],
        tiny: bool,
    ) -> bool {
        let (m, mut tiny_now) = (self.out.rows, tiny);
        let height = m.div_ceil(m.div_ceil(self.tiles.len())); // equal, that the last may not be thin
        for rows in (0..m).step_by(height).map(|first| first..m.min(first + height)) {
            let strip = self.strip(rows.clone(), terms.clone(), block.cols, room);
            let flushing = self.rounding.and_then(|rounding| rounding.flushing(tiny, strip.least));
            tiny_now |= flushing.is_some();
            let tiles = flushing.unwrap_or(self.tiles); // which may have fewer rows
            for first in rows.clone().step_by(tiles.len()) {
                let count = tiles.len().min(rows.end - first);
                let begins = terms.start == 0;
                let (start, start_row) = match self.add_to {
                    AddTo::Zero if begins => (ptr::null(), 0),
                    AddTo::Row(row) if begins => (row[block.first..].as_ptr(), 0),
                    _ => (self.out.at(first, block.first).cast_const(), self.out.row_stride),
                };
                let tile = Tile {
                    k: terms.len(),
                    a: strip.data.wrapping_add((first - rows.start) * strip.row),
                    a_row: strip.row,
                    a_term: strip.term,
                    next: strip.next,
                    next_term: strip.next_term,
                    b: block.data,
                    b_panel: block.panel,
                    b_term: block.term,
                    start,
                    start_row,
                    out: self.out.at(first, block.first),
                    out_row: self.out.row_stride,
                };
                // SAFETY: `tile` says where the elements of these rows and of the block are, which the caller promises.
                unsafe { along(&tiles[count - 1], tile, count, block.cols, edge) };
            }
        }
        tiny_now
    }

    /// The strip of some rows, to be multiplied by `cols` columns: where it stands, or in `room` if it is rounded, or its terms lie
    /// far apart.
    fn strip(&self, rows: Range<usize>, terms: Range<usize>, cols: usize, room: &mut Lines) -> Strip {
        let a = self.a.row_panel(rows.start, rows.len());
        if let Some(Rounding { form, .. }) = self.rounding {
            let first = form.terms(terms.start);
            let a = a.col_panel(first, form.terms(terms.len()).min(a.cols - first));
            return form.strip(a, room.first(TERMS * STRIP));
        }
        let a = a.col_panel(terms.start, terms.len());
        if a.col_stride >= FAR_APART && cols > PANEL {
            let room = room.first(TERMS * STRIP);
            pack_strip(a, room);
            // The end of the next strip's first line; its beginning came with this strip's.
            let next = a.data.as_ptr().wrapping_add(STRIP + rows.len());
            Strip { next, next_term: a.col_stride, ..Strip::at(room.as_ptr(), 1, STRIP) }
        } else {
            Strip::at(a.data.as_ptr(), a.row_stride, a.col_stride)
        }
    }
}

/// The tiles of a strip, one beside the other until there are `cols` columns. `edge` has room for one.
///
/// # Safety
/// As [`super::tile::TileFn`], for all of these columns of `out`, and of `b` until the last panel ends.
unsafe fn along(tiles: &Tiles, mut tile: Tile, rows: usize, mut cols: usize, edge: &mut [f32]) {
    while cols > 0 {
        let panels = if cols >= tiles.panels * PANEL { tiles.panels } else { 1 };
        let width = cols.min(panels * PANEL);
        // SAFETY: the caller promises what a tile asks for; at the edge the sums stand in `edge`, which has room.
        unsafe {
            if width < PANEL {
                at_the_edge(tiles, &tile, [rows, width], edge);
            } else if panels > 1 {
                (tiles.wide)(&tile);
            } else {
                (tiles.narrow)(&tile);
            }
        }
        cols -= width;
        tile.b = tile.b.wrapping_add(panels * tile.b_panel);
        (tile.next, tile.next_term) = (tile.a, 0); // has come
        tile.out = tile.out.wrapping_add(width);
        if !tile.start.is_null() {
            tile.start = tile.start.wrapping_add(width);
        }
    }
}

/// A tile of which only `[rows, cols]` are elements of `out`.
///
/// # Safety
/// As [`along`].
unsafe fn at_the_edge(tiles: &Tiles, tile: &Tile, [rows, cols]: [usize; 2], edge: &mut [f32]) {
    for row in 0..rows {
        for col in 0..cols {
            // SAFETY: what the sums start from has `rows` rows of `cols` numbers, by the caller's promise.
            let start = |start: *const f32| unsafe { *start.add(row * tile.start_row + col) };
            edge[row * PANEL + col] = if tile.start.is_null() { 0.0 } else { start(tile.start) };
        }
    }
    let sums = edge.as_mut_ptr();
    let whole = Tile { start: sums.cast_const(), start_row: PANEL, out: sums, out_row: PANEL, ..*tile };
    // SAFETY: `edge` has `MAX_ROWS` rows of `PANEL` numbers, all numbers; `b` is there until the panel ends.
    unsafe { (tiles.narrow)(&whole) };
    for row in 0..rows {
        for col in 0..cols {
            // SAFETY: `out` has `rows` rows of `cols` numbers, by the caller's promise.
            unsafe { *tile.out.add(row * tile.out_row + col) = edge[row * PANEL + col] };
        }
    }
}
