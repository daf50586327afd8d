// SPDX-License-Identifier: Apache-2.0
#include "hash/poseidon2.h"

namespace zkinfer::poseidon2 {

const std::array<Fp, kWidth> kInternalDiagonal = {{
    Fp(0xc3b6c08e23ba9300ULL),
    Fp(0xd84b5de94a324fb6ULL),
    Fp(0x0d0c371c5b35b84fULL),
    Fp(0x7964f570e7188037ULL),
    Fp(0x5daf18bbd996604bULL),
    Fp(0x6743bc47b9595257ULL),
    Fp(0x5528b9362c59bb70ULL),
    Fp(0xac45e25b7127b68bULL),
    Fp(0xa2077d7dfbb606b5ULL),
    Fp(0xf3faac6faee378aeULL),
    Fp(0x0c6388b51545e883ULL),
    Fp(0xd27dbb6944917b60ULL),
}};

const std::array<Fp, kSboxes> kRoundConstants = {{
    Fp(0x13dcf33aba214f46ULL), Fp(0x30b3b654a1da6d83ULL), Fp(0x1fc634ada6159b56ULL), Fp(0x937459964dc03466ULL),
    Fp(0xedd2ef2ca7949924ULL), Fp(0xede9affde0e22f68ULL), Fp(0x8515b9d6bac9282dULL), Fp(0x6b5c07b4e9e900d8ULL),
    Fp(0x1ec66368838c8a08ULL), Fp(0x9042367d80d1fbabULL), Fp(0x400283564a3c3799ULL), Fp(0x4a00be0466bca75eULL),
    Fp(0x7913beee58e3817fULL), Fp(0xf545e88532237d90ULL), Fp(0x22f8cb8736042005ULL), Fp(0x6f04990e247a2623ULL),
    Fp(0xfe22e87ba37c38cdULL), Fp(0xd20e32c85ffe2815ULL), Fp(0x117227674048fe73ULL), Fp(0x4e9fb7ea98a6b145ULL),
    Fp(0xe0866c232b8af08bULL), Fp(0x00bbc77916884964ULL), Fp(0x7031c0fb990d7116ULL), Fp(0x240a9e87cf35108fULL),
    Fp(0x2e6363a5a12244b3ULL), Fp(0x5e1c3787d1b5011cULL), Fp(0x4132660e2a196e8bULL), Fp(0x3a013b648d3d4327ULL),
    Fp(0xf79839f49888ea43ULL), Fp(0xfe85658ebafe1439ULL), Fp(0xb6889825a14240bdULL), Fp(0x578453605541382bULL),
    Fp(0x4508cda8f6b63ce9ULL), Fp(0x9c3ef35848684c91ULL), Fp(0x0812bde23c87178cULL), Fp(0xfe49638f7f722c14ULL),
    Fp(0x8e3f688ce885cbf5ULL), Fp(0xb8e110acf746a87dULL), Fp(0xb4b2e8973a6dabefULL), Fp(0x9e714c5da3d462ecULL),
    Fp(0x6438f9033d3d0c15ULL), Fp(0x24312f7cf1a27199ULL), Fp(0x23f843bb47acbf71ULL), Fp(0x9183f11a34be9f01ULL),
    Fp(0x839062fbb9d45dbfULL), Fp(0x24b56e7e6c2e43faULL), Fp(0xe1683da61c962a72ULL), Fp(0xa95c63971a19bfa7ULL),
    Fp(0x4adf842aa75d4316ULL), Fp(0xf8fbb871aa4ab4ebULL), Fp(0x68e85b6eb2dd6aebULL), Fp(0x07a0b06b2d270380ULL),
    Fp(0xd94e0228bd282de4ULL), Fp(0x8bdd91d3250c5278ULL), Fp(0x209c68b88bba778fULL), Fp(0xb5e18cdab77f3877ULL),
    Fp(0xb296a3e808da93faULL), Fp(0x8370ecbda11a327eULL), Fp(0x3f9075283775dad8ULL), Fp(0xb78095bb23c6aa84ULL),
    Fp(0x3f36b9fe72ad4e5fULL), Fp(0x69bc96780b10b553ULL), Fp(0x3f1d341f2eb7b881ULL), Fp(0x4e939e9815838818ULL),
    Fp(0xda366b3ae2a31604ULL), Fp(0xbc89db1e7287d509ULL), Fp(0x6102f411f9ef5659ULL), Fp(0x58725c5e7ac1f0abULL),
    Fp(0x0df5856c798883e7ULL), Fp(0xf7bb62a8da4c961bULL), Fp(0xc68be7c94882a24dULL), Fp(0xaf996d5d5cdaedd9ULL),
    Fp(0x9717f025e7daf6a5ULL), Fp(0x6436679e6e7216f4ULL), Fp(0x8a223d99047af267ULL), Fp(0xbb512e35a133ba9aULL),
    Fp(0xfbbf44097671aa03ULL), Fp(0xf04058ebf6811e61ULL), Fp(0x5cca84703fac7ffbULL), Fp(0x9b55c7945de6469fULL),
    Fp(0x8e05bf09808e934fULL), Fp(0x2ea900de876307d7ULL), Fp(0x7748fff2b38dfb89ULL), Fp(0x6b99a676dd3b5d81ULL),
    Fp(0xac4bb7c627cf7c13ULL), Fp(0xadb6ebe5e9e2f5baULL), Fp(0x2d33378cafa24ae3ULL), Fp(0x1e5b73807543f8c2ULL),
    Fp(0x09208814bfebb10fULL), Fp(0x782e64b6bb5b93ddULL), Fp(0xadd5a48eac90b50fULL), Fp(0xadd4c54c736ea4b1ULL),
    Fp(0xd58dbb86ed817fd8ULL), Fp(0x6d5ed1a533f34dddULL), Fp(0x28686aa3e36b7cb9ULL), Fp(0x591abd3476689f36ULL),
    Fp(0x047d766678f13875ULL), Fp(0xa2a11112625f5b49ULL), Fp(0x21fd10a3f8304958ULL), Fp(0xf9b40711443b0280ULL),
    Fp(0xd2697eb8b2bde88eULL), Fp(0x3493790b51731b3fULL), Fp(0x11caf9dd73764023ULL), Fp(0x7acfb8f72878164eULL),
    Fp(0x744ec4db23cefc26ULL), Fp(0x1e00e58f422c6340ULL), Fp(0x21dd28d906a62ddaULL), Fp(0xf32a46ab5f465b5fULL),
    Fp(0xbfce13201f3f7e6bULL), Fp(0xf30d2e7adb5304e2ULL), Fp(0xecdf4ee4abad48e9ULL), Fp(0xf94e82182d395019ULL),
    Fp(0x4ee52e3744d887c5ULL), Fp(0xa1341c7cac0083b2ULL), Fp(0x2302fb26c30c834aULL), Fp(0xaea3c587273bf7d3ULL),
    Fp(0xf798e24961823ec7ULL), Fp(0x962deba3e9a2cd94ULL),
}};

void permute(std::array<Fp, kWidth>& state) {
  permute(state, [](std::size_t number, Fp x) {
    x += kRoundConstants[number];
    const Fp square = x * x, cube = square * x;
    return cube * cube * x;
  });
}

}  // namespace zkinfer::poseidon2
