//! Rows that change places: how hypotheses branch and end, and sentences enter.

use tensor::pool::take;
use tensor::threads::for_each_chunk;
use tensor::{Tensor, dispatch};

/// Rows of tensors `[rows, room, d_model]`, each named by the number of its tensor and its own: of each the first `len`
/// positions, and zeros behind them. `-> [rows, room, d_model]`
pub(super) fn collected(tensors: &[&Tensor], rows: &[(usize, u32)], len: usize, room: usize) -> Tensor {
    let (dtype, d_model) = (tensors[0].dtype(), tensors[0].dim(2));
    let tensors: Vec<Tensor> = tensors.iter().map(|x| x.contiguous()).collect();
    dispatch!(dtype, T => {
        let sources: Vec<(&[T], usize)> = tensors.iter().map(|x| (x.data::<T>(), x.dim(1))).collect();
        let mut out = take::<T>(rows.len() * room * d_model);
        for_each_chunk(&mut out, (room * d_model).max(1), |row, out| {
            let ((source, room), from) = (sources[rows[row].0], rows[row].1 as usize);
            let (there, ahead) = out.split_at_mut(len.min(room) * d_model);
            there.copy_from_slice(&source[from * room * d_model..][..there.len()]);
            ahead.fill(T::default());
        });
        Tensor::from_vec(out, [rows.len(), room, d_model])
    })
}

/// A row is copied to another, or by way of a spare one.
#[derive(Debug)]
pub(super) enum Move {
    Copy { from: usize, to: usize },
    Save(usize),
    Restore(usize),
}

/// Copies, one after the other, by which each row i becomes what the row `chosen[i]` was. What stays where it is costs nothing, and
/// rows that change places go by way of the spare one.
pub(super) fn moves(chosen: &[u32]) -> Vec<Move> {
    let from = |row: usize| chosen[row] as usize;
    let mut waiting: Vec<bool> = (0..chosen.len()).map(|row| from(row) != row).collect();
    // How often what stands in a row is still to be copied.
    let mut wanted = vec![0; chosen.iter().max().map_or(0, |&row| row as usize + 1).max(chosen.len())];
    (0..chosen.len()).filter(|&row| waiting[row]).for_each(|row| wanted[from(row)] += 1);
    let mut moves = Vec::new();
    let free =
        |row: usize, waiting: &[bool], wanted: &[usize]| waiting.get(row) == Some(&true) && wanted[row] == 0;
    for mut row in 0..chosen.len() {
        while free(row, &waiting, &wanted) {
            moves.push(Move::Copy { from: from(row), to: row });
            waiting[row] = false;
            row = from(row);
            wanted[row] -= 1;
        }
    }
    // What is left are circles.
    for first in 0..chosen.len() {
        if waiting[first] {
            moves.push(Move::Save(first));
            let mut row = first;
            while from(row) != first {
                moves.push(Move::Copy { from: from(row), to: row });
                waiting[row] = false;
                row = from(row);
            }
            moves.push(Move::Restore(row));
            waiting[row] = false;
        }
    }
    moves
}

/// Moves the first `len` positions of rows of `x` `[rows, room, d_model]`, and keeps the first `count` rows.
pub(super) fn move_rows(x: &mut Tensor, moves: &[Move], count: usize, len: usize) {
    let (width, used) = (x.dim(1) * x.dim(2), len * x.dim(2));
    if !moves.is_empty() {
        dispatch!(x.dtype(), T => {
            let (data, mut spare) = (x.data_mut::<T>(), Vec::new());
            let of = |row: usize| row * width..row * width + used;
            for step in moves {
                match *step {
                    Move::Copy { from, to } => data.copy_within(of(from), to * width),
                    Move::Save(from) => spare = data[of(from)].to_vec(),
                    Move::Restore(to) => data[of(to)].copy_from_slice(&spare),
                }
            }
        });
    }
    *x = x.slice(0, 0..count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::cache::numbered;
    use tensor::{DType, Seed};

    #[test]
    fn rows_move_to_where_they_are_wanted() {
        let mut seed = 1u32;
        let mut below = |limit: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize % limit
        };
        let circles = [vec![1, 0], vec![1, 2, 0, 4, 3, 5], vec![3, 3, 1, 0], vec![0, 1, 2], vec![2], vec![]];
        let drawn = (0..300).map(|_| {
            let rows = 1 + below(9);
            (0..1 + below(rows)).map(|_| below(rows) as u32).collect::<Vec<_>>()
        });
        for chosen in circles.into_iter().chain(drawn.collect::<Vec<_>>()) {
            let rows = chosen.iter().max().map_or(1, |&row| row as usize + 1).max(chosen.len());
            let x = Tensor::normal([rows, 3, 2], 0.0, 1.0, Seed::new(2), DType::F64);
            let (mut found, moves) = (x.clone(), moves(&chosen));
            move_rows(&mut found, &moves, chosen.len(), 2);
            let expected = collected(&[&x], &numbered(&chosen), 2, 2);
            assert_eq!(found.slice(1, 0..2), expected, "{chosen:?}");
            let moved = chosen.iter().enumerate().filter(|&(row, &from)| row != from as usize).count();
            assert!(moves.len() <= moved + moved / 2, "{chosen:?}: {moves:?}");
        }
    }
}
