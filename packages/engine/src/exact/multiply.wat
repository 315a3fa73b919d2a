;; The product of two row-major matrices of float32s, [rows, inner] × [inner, columns], all within one memory; each element
;; is the sum of its products one after the other along `inner`, as the loop has it that this stands for: the same bits,
;; up to sixteen elements at a time.
(module
  (import "room" "memory" (memory 0))

  (func (export "multiply")
    (param $left i32) (param $right i32) (param $out i32) (param $rows i32) (param $inner i32) (param $columns i32)
    (local $row i32) (local $column i32) (local $index i32) (local $factor i32) (local $from i32) (local $stride i32)
    (local $spread v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $one f32)
    (local.set $stride (i32.shl (local.get $columns) (i32.const 2)))
    (block $done
      (loop $nextRow
        (br_if $done (i32.ge_u (local.get $row) (local.get $rows)))
        (local.set $column (i32.const 0))

        (block $lessThanSixteen
          (loop $nextSixteen
            (br_if $lessThanSixteen
              (i32.gt_u (i32.add (local.get $column) (i32.const 16)) (local.get $columns)))
            (local.set $a (v128.const f32x4 0 0 0 0))
            (local.set $b (v128.const f32x4 0 0 0 0))
            (local.set $c (v128.const f32x4 0 0 0 0))
            (local.set $d (v128.const f32x4 0 0 0 0))
            (local.set $index (i32.const 0))
            (local.set $factor (local.get $left))
            (local.set $from (i32.add (local.get $right) (i32.shl (local.get $column) (i32.const 2))))
            (block $summed
              (loop $next
                (br_if $summed (i32.ge_u (local.get $index) (local.get $inner)))
                (local.set $spread (v128.load32_splat (local.get $factor)))
                (local.set $a
                  (f32x4.add (local.get $a) (f32x4.mul (local.get $spread) (v128.load (local.get $from)))))
                (local.set $b
                  (f32x4.add (local.get $b) (f32x4.mul (local.get $spread) (v128.load offset=16 (local.get $from)))))
                (local.set $c
                  (f32x4.add (local.get $c) (f32x4.mul (local.get $spread) (v128.load offset=32 (local.get $from)))))
                (local.set $d
                  (f32x4.add (local.get $d) (f32x4.mul (local.get $spread) (v128.load offset=48 (local.get $from)))))
                (local.set $factor (i32.add (local.get $factor) (i32.const 4)))
                (local.set $from (i32.add (local.get $from) (local.get $stride)))
                (local.set $index (i32.add (local.get $index) (i32.const 1)))
                (br $next)))
            (v128.store (local.get $out) (local.get $a))
            (v128.store offset=16 (local.get $out) (local.get $b))
            (v128.store offset=32 (local.get $out) (local.get $c))
            (v128.store offset=48 (local.get $out) (local.get $d))
            (local.set $out (i32.add (local.get $out) (i32.const 64)))
            (local.set $column (i32.add (local.get $column) (i32.const 16)))
            (br $nextSixteen)))

        (block $rowDone
          (loop $nextOne
            (br_if $rowDone (i32.ge_u (local.get $column) (local.get $columns)))
            (local.set $one (f32.const 0))
            (local.set $index (i32.const 0))
            (local.set $factor (local.get $left))
            (local.set $from (i32.add (local.get $right) (i32.shl (local.get $column) (i32.const 2))))
            (block $summed
              (loop $next
                (br_if $summed (i32.ge_u (local.get $index) (local.get $inner)))
                (local.set $one
                  (f32.add (local.get $one)
                    (f32.mul (f32.load (local.get $factor)) (f32.load (local.get $from)))))
                (local.set $factor (i32.add (local.get $factor) (i32.const 4)))
                (local.set $from (i32.add (local.get $from) (local.get $stride)))
                (local.set $index (i32.add (local.get $index) (i32.const 1)))
                (br $next)))
            (f32.store (local.get $out) (local.get $one))
            (local.set $out (i32.add (local.get $out) (i32.const 4)))
            (local.set $column (i32.add (local.get $column) (i32.const 1)))
            (br $nextOne)))

        (local.set $left (i32.add (local.get $left) (i32.shl (local.get $inner) (i32.const 2))))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $nextRow)))))
