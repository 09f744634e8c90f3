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

use super::matrix::{AddTo, MatRef, Out};
use super::pack::{Packed, STRIP, TERMS, pack_panels, pack_strip};
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
            let (k, edge) = (self.a.cols, edge.first(MAX_ROWS * PANEL));
            let mut first = cols.start;
            while first < cols.end {
                let mut next = cols.end;
                for term in (0..k.max(1)).step_by(TERMS) {
                    let terms = term..k.min(term + TERMS);
                    let block = self.block(first..cols.end, terms.clone(), b);
                    // SAFETY: the block is of these terms, and the rest the caller promises.
                    unsafe { self.strips(&block, terms, a, edge) };
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

    /// The product of all of `a`'s rows by a block.
    ///
    /// # Safety
    /// As [`Product::compute`], and the block is of these terms.
    unsafe fn strips(&self, block: &Block, terms: Range<usize>, room: &mut Lines, edge: &mut [f32]) {
        let m = self.out.rows;
        let rows = m.div_ceil(m.div_ceil(self.tiles.len())); // of equal height, that the last may not be thin
        let a = self.a.col_panel(terms.start, terms.len());
        let pack = a.col_stride >= FAR_APART && block.cols > PANEL;
        let room = room.first(if pack { TERMS * STRIP } else { 0 });
        for first in (0..m).step_by(rows) {
            let strip = a.row_panel(first, rows.min(m - first));
            let (data, a_row, a_term) = if pack {
                pack_strip(strip, room);
                (room.as_ptr(), 1, STRIP)
            } else {
                (strip.data.as_ptr(), strip.row_stride, strip.col_stride)
            };
            // The end of the next strip's first line; its beginning came with this strip's.
            let next = if pack { strip.data.as_ptr().wrapping_add(STRIP + rows) } else { data };
            let begins = terms.start == 0;
            let (start, start_row) = match self.add_to {
                AddTo::Zero if begins => (ptr::null(), 0),
                AddTo::Row(row) if begins => (row[block.first..].as_ptr(), 0),
                _ => (self.out.at(first, block.first).cast_const(), self.out.row_stride),
            };
            let tile = Tile {
                k: terms.len(),
                a: data,
                a_row,
                a_term,
                next,
                next_term: if pack { a.col_stride } else { 0 },
                b: block.data,
                b_panel: block.panel,
                b_term: block.term,
                start,
                start_row,
                out: self.out.at(first, block.first),
                out_row: self.out.row_stride,
            };
            // SAFETY: `tile` says where the elements of these rows and of the block are, which the caller promises.
            unsafe { along(&self.tiles[strip.rows - 1], tile, strip.rows, block.cols, edge) };
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
