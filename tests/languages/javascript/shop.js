const [opener, closer = close] = pair();
const { owner, till: drawer, ...others } = read();
export const { rate, limits: { upper }, lower = 1 } = load();
let [left, right] = pair();
const { join } = require("path");

export const resolvers = {
  Query: {
    user: async (_, args) => {
      return find(args);
    },
  },
  Mutation: {
    addUser(_, args) {
      return add(args);
    },
    drop: async function (id) {
      return remove(id);
    },
  },
};

export const slice = createSlice({
  reducers: {
    removed: (state) => {
      return state;
    },
  },
});
