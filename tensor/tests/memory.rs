//! What the process holds of the system's memory, in a process of its own.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use tensor::{DType, Tensor, trim};

/// The memory of this process, in MB of 2^20 bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[test]
fn memory_that_no_tensor_holds_goes_back() {
    let before = resident();
    for len in [1 << 20, 1 << 18, 1 << 12] {
        let tensors: Vec<_> = (0..(100 << 18) / len).map(|_| Tensor::full([len], 1.0, DType::F32)).collect();
        let held = resident();
        assert!(held >= before + 100, "{before} MB before, {held} MB with 100 MB of tensors");
        drop(tensors);
        assert!(resident() >= held - 5, "kept, to be used again");
        assert_eq!(trim(), 100 << 20);
        assert!(resident() < before + 20, "{before} MB before, {} MB after", resident());
    }
}
