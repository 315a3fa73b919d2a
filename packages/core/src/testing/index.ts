export { CONTRACT_SPACES, type ContractCase, type ContractOptions, priorContract } from "./prior-contract.ts";
