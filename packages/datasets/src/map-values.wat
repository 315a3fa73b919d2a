;; (value - offset) * scale of whole numbers, in float64 and then rounded to float32, as JavaScript has it: the same
;; bits as the loop it stands for, four values at a time.
;;
;; A block of up to 16,384 numbers lies at 0, its float32s at 32,768. `count` is rounded up to a multiple of four,
;; which stays within both.
(module
  (memory (export "memory") 2)

  (func (export "bytes") (param $count i32) (param $offset f64) (param $scale f64)
    (local $from i32) (local $to i32) (local $offsets v128) (local $scales v128) (local $values v128)
    (local.set $to (i32.const 32768))
    (local.set $offsets (f64x2.splat (local.get $offset)))
    (local.set $scales (f64x2.splat (local.get $scale)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $count)))
        (local.set $values (i32x4.extend_low_i16x8_u (v128.load8x8_u (local.get $from))))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (f32x4.demote_f64x2_zero
              (f64x2.mul
                (f64x2.sub (f64x2.convert_low_i32x4_s (local.get $values)) (local.get $offsets))
                (local.get $scales)))
            (f32x4.demote_f64x2_zero
              (f64x2.mul
                (f64x2.sub
                  (f64x2.convert_low_i32x4_s
                    (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $values) (local.get $values)))
                  (local.get $offsets))
                (local.get $scales)))))
        (local.set $from (i32.add (local.get $from) (i32.const 4)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next))))

  (func (export "integers") (param $count i32) (param $offset f64) (param $scale f64)
    (local $from i32) (local $end i32) (local $to i32) (local $offsets v128) (local $scales v128) (local $values v128)
    (local.set $end (i32.mul (local.get $count) (i32.const 2)))
    (local.set $to (i32.const 32768))
    (local.set $offsets (f64x2.splat (local.get $offset)))
    (local.set $scales (f64x2.splat (local.get $scale)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $values (v128.load16x4_s (local.get $from)))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (f32x4.demote_f64x2_zero
              (f64x2.mul
                (f64x2.sub (f64x2.convert_low_i32x4_s (local.get $values)) (local.get $offsets))
                (local.get $scales)))
            (f32x4.demote_f64x2_zero
              (f64x2.mul
                (f64x2.sub
                  (f64x2.convert_low_i32x4_s
                    (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $values) (local.get $values)))
                  (local.get $offsets))
                (local.get $scales)))))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next)))))
