export {
  type Codec,
  type CodecOptions,
  createCodec,
  createDecoder,
  createEncoder,
  createMovingCodec,
  type Decoder,
  decodeCodes,
  type Encoder,
  emptyLevels,
  encodingsOf,
  type MovingCodec,
  paddedPart,
  type Reconstructions,
  withGrain,
} from "./codec.ts";
export { type Greys, ownRange, type PicturePairs, picturePairs, sampleGreys } from "./pictures.ts";
