int opened = 1;

void main() {
    System.out.println(price(opened));
}

int price(int count) {
    return count;
}

record Pair(int left, int right) {}
