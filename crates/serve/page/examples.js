// Words made up for this page.

export const EXAMPLES = [
  `From the ashes of the fortress the iron serpent wakes
Blood upon the altar and the frozen mountain breaks
Burn the throne, curse the crown, let the ravens feed
War is howling in the abyss and the dying bleed`,
  `Daddy left his boots on the old wooden porch
Mama hums a tune by the lantern and the torch
That muddy truck is rusting by the river bend
I ride the dusty road until the gravel has an end`,
  `Spit a verse in the booth and the bass starts to bang
Came up from the block, keep it real with the gang
Stack up the paper, count the chain and the grind
Microphone is heavy but the hustle on my mind`,
];
