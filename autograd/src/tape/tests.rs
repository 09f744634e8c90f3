use super::*;

#[test]
fn summary_shows_operations_shapes_and_inputs() {
    let tape = Tape::new();
    let x = tape.var(Tensor::ones([2, 3], DType::F32));
    let w = tape.var(Tensor::ones([3, 4], DType::F32));
    let y = x.matmul(&w) + w.detach().sum(0, false);
    let _ = y.sum(.., false);
    let expected = "%0  leaf    [2, 3]\n\
                    %1  leaf    [3, 4]\n\
                    %2  matmul  [2, 4]  of %0, %1\n\
                    %3  add     [2, 4]  of %2, constant\n\
                    %4  sum     []      of %3\n";
    assert_eq!(tape.summary(), expected);
    assert_eq!(Tape::new().summary(), "");
}

#[test]
fn clones_share_the_list() {
    let tape = Tape::new();
    assert!(tape.is_empty());
    tape.clone().var(Tensor::scalar(1.0));
    assert!(tape.len() == 1 && !tape.is_empty());
}

#[test]
fn a_million_operations_are_dropped_without_recursion() {
    let tape = Tape::new();
    let mut x = tape.var(Tensor::scalar(1.0));
    for _ in 0..1_000_000 {
        x = x.sigmoid(); // saves its output, so the vjps own a tensor each
    }
    assert_eq!(tape.len(), 1_000_001);
    drop(x);
    drop(tape);
}
